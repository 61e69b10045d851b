import os

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy
from conan.tools.layout import basic_layout
from conan.tools.scm import Version

required_conan_version = ">=2.0"


class HaulConan(ConanFile):
    name = "haul"
    version = "0.1.0"
    description = "A header-only C++20 coroutine library that downloads files"
    license = "BSL-1.0"
    topics = ("download", "http", "asio", "coroutines", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {
        "with_json": [True, False],
        "with_metalink": [True, False],
        "with_pan123": [True, False],
        "with_service": [True, False],
        "with_sqlite": [True, False],
    }
    default_options = {name: False for name in options}
    no_copy_source = True

    # The recipe lies in the checkout that it packages.
    def export_sources(self):
        root = os.path.join(self.recipe_folder, "..", "..", "..")
        copy(self, "include/*", root, self.export_sources_folder)
        copy(self, "LICENSE", root, self.export_sources_folder)

    def layout(self):
        basic_layout(self)

    def requirements(self):
        self.requires("asio/1.38.2", transitive_headers=True)
        self.requires("boost/[>=1.81 <2]", transitive_headers=True, transitive_libs=True)
        self.requires("openssl/[>=3 <4]", transitive_headers=True, transitive_libs=True)
        if self.options.with_metalink:
            self.requires("pugixml/[>=1.12 <2]", transitive_headers=True, transitive_libs=True)
        if self.options.with_sqlite:
            self.requires("sqlite3/[>=3.40 <4]", transitive_headers=True, transitive_libs=True)

    def package_id(self):
        self.info.clear()

    def validate(self):
        check_min_cppstd(self, 20)
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("haul runs on Linux only, so far")
        least = {"gcc": "12", "clang": "16"}.get(str(self.settings.compiler))
        if least and Version(self.settings.compiler.version) < least:
            raise ConanInvalidConfiguration(f"haul needs {self.settings.compiler} {least} or newer")

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        copy(self, "*.hpp", os.path.join(self.source_folder, "include"),
             os.path.join(self.package_folder, "include"))
        copy(self, "*.ipp", os.path.join(self.source_folder, "include"),
             os.path.join(self.package_folder, "include"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "haul")
        parts = {
            "haul": ["asio::asio", "boost::url", "openssl::ssl", "openssl::crypto"],
        }
        if self.options.with_json:
            parts["json"] = ["haul", "boost::json"]
        if self.options.with_metalink:
            parts["metalink"] = ["haul", "pugixml::pugixml"]
        if self.options.with_pan123:
            parts["pan123"] = ["haul", "boost::json"]
        if self.options.with_service:
            parts["service"] = ["haul", "boost::json"]
        if self.options.with_sqlite:
            parts["sqlite"] = ["haul", "sqlite3::sqlite3"]
        for name, requires in parts.items():
            component = self.cpp_info.components[name]
            component.set_property("cmake_target_name", f"haul::{name}")
            component.requires = requires
            component.bindirs = []
            component.libdirs = []
            component.defines = ["ASIO_STANDALONE"] if name == "haul" else []
            if name == "haul":
                component.system_libs = (["ws2_32", "mswsock", "crypt32", "advapi32"]
                                         if self.settings.os == "Windows" else ["pthread"])
