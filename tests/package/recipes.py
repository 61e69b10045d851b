#!/usr/bin/env python3
"""Checks the files for vcpkg and Conan as far as that goes without the two.

usage: recipes.py INSTALLED WORK      (INSTALLED is what `cmake --install` gives)

vcpkg's manifest is held against the documented format. Conan's recipe is run with stand-ins for the
modules that it imports: what it would package is compared with what is installed, and its components
with the parts of haul.
"""
import json
import pathlib
import re
import shutil
import sys
import types

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def parts():
    return set(re.findall(r"haul_part\((\w+)", (ROOT / "CMakeLists.txt").read_text()))


def check(ok, what):
    if not ok:
        sys.exit(f"recipes: {what}")


# https://learn.microsoft.com/vcpkg/reference/vcpkg-json
def check_dependencies(where, dependencies):
    for d in dependencies:
        if isinstance(d, str):
            d = {"name": d}
        unknown = d.keys() - {"name", "default-features", "features", "host", "platform", "version>="}
        check(not unknown, f"{where}: a dependency with {unknown}")
        check(NAME.fullmatch(d.get("name", "")), f"{where}: {d} is no dependency")


def vcpkg():
    path = ROOT / "packaging/vcpkg/haul/vcpkg.json"
    port = json.loads(path.read_text())
    unknown = port.keys() - {
        "name", "version", "version-semver", "version-date", "version-string", "port-version",
        "maintainers", "summary", "description", "homepage", "documentation", "license", "supports",
        "dependencies", "default-features", "features"}
    check(not unknown, f"vcpkg.json has {unknown}")
    check(port["name"] == path.parent.name, "the port has not the name of its folder")
    check(re.fullmatch(r"\d+(\.\d+)*", port["version"]), f"{port['version']} is no version")
    check(port["license"] == "BSL-1.0" and isinstance(port["description"], str), "no description")
    check(re.fullmatch(r"[a-z0-9 &|!(),]+", port.get("supports", "x")), "supports is no expression")
    check_dependencies("vcpkg.json", port["dependencies"])
    for name, feature in port["features"].items():
        check(NAME.fullmatch(name), f"{name} is no name of a feature")
        check(feature.keys() <= {"description", "dependencies", "supports", "license"} and
              feature.get("description"), f"the feature {name} has no description, or too much")
        check_dependencies(name, feature.get("dependencies", []))
    check(port["features"].keys() == parts() - {"haul"}, "the features are not haul's parts")


class Version:
    def __init__(self, text):
        self.number = tuple(int(n) for n in str(text).split("."))

    def __lt__(self, other):
        return self.number < Version(other).number


def stand_ins():
    """The modules of Conan 2 that the recipe imports, as much of them as it uses."""

    class Invalid(Exception):
        pass

    def copy(_, pattern, src, dst, **__):
        # Conan matches against the whole relative path; * goes over folders.
        for p in sorted(pathlib.Path(src).rglob("*")):
            relative = p.relative_to(src).as_posix()
            if p.is_file() and pathlib.PurePath(relative).match(pattern.split("/")[-1]) and (
                    relative.startswith(pattern.split("*")[0])):
                to = pathlib.Path(dst) / relative
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(p, to)

    def module(name, **members):
        made = types.ModuleType(name)
        made.__dict__.update(members)
        sys.modules[name] = made

    module("conan", ConanFile=object)
    module("conan.errors", ConanInvalidConfiguration=Invalid)
    module("conan.tools")
    module("conan.tools.build", check_min_cppstd=lambda recipe, least: None)
    module("conan.tools.files", copy=copy)
    module("conan.tools.layout", basic_layout=lambda recipe: None)
    module("conan.tools.scm", Version=Version)
    return Invalid


class Component:
    def __init__(self):
        self.properties, self.requires = {}, []

    def set_property(self, name, value):
        self.properties[name] = value


class CppInfo(Component):
    def __init__(self):
        super().__init__()
        self.components = {}

        class Made(dict):
            def __missing__(self, name):
                return self.setdefault(name, Component())

        self.components = Made()


def files_below(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def recipe_of(path, options, **settings):
    text = path.read_text()
    scope = {"__file__": str(path)}
    exec(compile(text, str(path), "exec"), scope)
    recipe = scope["HaulConan"]()
    recipe.recipe_folder = str(path.parent)
    recipe.options = types.SimpleNamespace(**{**recipe.default_options, **options})
    recipe.settings = types.SimpleNamespace(
        os="Linux", compiler=type("compiler", (str,), {"version": settings.get("version", "12")})(
            settings.get("compiler", "gcc")))
    recipe.required = []
    recipe.requires = lambda reference, **_: recipe.required.append(reference.split("/")[0])
    recipe.cpp_info = CppInfo()
    return recipe


def conan(installed, work):
    invalid = stand_ins()
    path = ROOT / "packaging/conan/all/conanfile.py"
    names = parts() - {"haul"}
    everything = {f"with_{name}": True for name in names}
    shutil.rmtree(work, ignore_errors=True)
    recipe = recipe_of(path, everything)
    check({f"with_{name}" for name in names} == recipe.options.__dict__.keys(),
          "conan: the options are not haul's parts")
    recipe.export_sources_folder = recipe.source_folder = str(work / "source")
    recipe.package_folder = str(work / "package")
    recipe.export_sources()
    recipe.package()
    have, want = files_below(work / "package/include"), files_below(installed / "include")
    check(have == want, f"conan: headers differ from those installed: {sorted(have ^ want)[:5]}")
    check((work / "package/licenses/LICENSE").exists(), "conan: no licence")

    recipe.requirements()
    check(set(recipe.required) == {"asio", "boost", "openssl", "pugixml", "sqlite3"},
          f"conan: requires {recipe.required}")
    recipe.package_info()
    components = recipe.cpp_info.components
    check(components.keys() == parts(), "conan: the components are not haul's parts")
    for name, component in components.items():
        check(component.properties == {"cmake_target_name": f"haul::{name}"}, f"conan: {name}")
        for required in component.requires:
            package = required.split("::")[0]
            check(package in recipe.required or package in components,
                  f"conan: {name} requires {required}, which is not required of anything")

    bare = recipe_of(path, {})
    bare.requirements()
    bare.package_info()
    check(set(bare.required) == {"asio", "boost", "openssl"} and
          bare.cpp_info.components.keys() == {"haul"}, "conan: the bare package has too much")
    recipe_of(path, {}).validate()
    try:
        recipe_of(path, {}, version="11").validate()
    except invalid:
        pass
    else:
        check(False, "conan: takes g++ 11")
    for other in (path.parent / "test_package").glob("*.py"):
        compile(other.read_text(), str(other), "exec")
    program = (path.parent / "test_package/test_package.cpp").read_text()
    check(program == (ROOT / "tests/package/main.cpp").read_text(),
          "conan: test_package.cpp is not tests/package/main.cpp")


def main():
    installed, work = (pathlib.Path(p) for p in sys.argv[1:])
    vcpkg()
    conan(installed, work)
    print("recipes: as documented, with the files that are installed")


main()
