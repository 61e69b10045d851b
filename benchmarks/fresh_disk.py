"""A file system of its own for each run that makes many files.

What ext4 takes for a new file depends on what was deleted in the same group of inodes within the last
minutes: on the machine's own file system a run would be slower for the runs before it. So each gets
an ext4 that was just made, in an image in memory. That needs root, loop devices and a tmpfs.
"""

import os
import pathlib
import shutil
import subprocess

SIZE = 1 << 30
MEMORY = pathlib.Path("/dev/shm")


class FreshDisk:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.image = MEMORY / f"haul-bench-{os.getpid()}.img"
        self.mounted = False
        self.usable = (hasattr(os, "geteuid") and os.geteuid() == 0 and MEMORY.is_dir() and
                       all(map(shutil.which, ("mkfs.ext4", "mount", "umount"))))

    def renew(self):
        """Mounts a fresh one in place of the last. False where that cannot be done."""
        self.end()
        if not self.usable:
            return False
        self.folder.mkdir(exist_ok=True)
        with open(self.image, "wb") as f:
            f.truncate(SIZE)
        make = ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0",
                "-N", "60000", str(self.image)]
        mount = ["mount", "-o", "loop", str(self.image), str(self.folder)]
        self.mounted = self.usable = succeeds(make) and succeeds(mount)
        if not self.usable:
            self.image.unlink(missing_ok=True)
        return self.usable

    def end(self):
        if self.mounted:
            subprocess.run(["umount", str(self.folder)], check=True)
            self.mounted = False
        self.image.unlink(missing_ok=True)


def succeeds(command):
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
