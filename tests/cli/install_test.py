#!/usr/bin/env python3
"""An installed program finds its LibTorch module: install_test.py CMAKE BUILD-FOLDER LIBDIR TRIPLET

The build is installed into a temporary folder, and measures a small network with the module that was installed.
"""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

MODEL = '{"depths":[1],"widths":[8],"resolution":16,"stem":"cifar","classes":10}'


class Install(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.prefix = Path(folder.name).resolve() / "prefix"
        subprocess.run([CMAKE, "--install", BUILD, "--prefix", self.prefix], check=True, capture_output=True)
        self.installed = self.prefix / LIBDIR / "dse/libdse_torch.so"

    def bench(self, program=None, engine="torch"):
        environment = {name: value for name, value in os.environ.items() if name != "DSE_TORCH_MODULE"}
        return subprocess.run(
            [program or self.prefix / "bin/dse", "bench", "-", "--device", "cpu", "--engine", engine,
             "--threads", "1", "--infer-batch", "1", "--train-batch", "2", "--samples", "1", "-q"],
            input=MODEL, capture_output=True, text=True, env=environment)

    def test_the_module_is_found_where_it_was_installed_and_through_a_link_to_the_program(self):
        self.assertTrue(self.installed.is_file())
        answer = self.bench()
        self.assertEqual(answer.returncode, 0, answer.stderr)
        link = self.prefix.parent / "dse"
        link.symlink_to(self.prefix / "bin/dse")
        answer = self.bench(link)
        self.assertEqual(answer.returncode, 0, answer.stderr)

    def test_the_module_is_found_in_each_folder_that_distributions_give_libraries(self):
        module = self.installed
        for libdir in ("lib", "lib64", f"lib/{TRIPLET}"):
            place = self.prefix / libdir / "dse/libdse_torch.so"
            place.parent.mkdir(parents=True, exist_ok=True)
            module = module.rename(place)
            answer = self.bench()
            self.assertEqual(answer.returncode, 0, f"{libdir}: {answer.stderr}")

    def test_a_module_that_is_nowhere_is_an_error_that_names_every_place_once(self):
        self.installed.unlink()
        answer = self.bench()
        self.assertEqual(answer.returncode, 1)
        for folder in ("bin", "lib/dse", "lib64/dse", f"lib/{TRIPLET}/dse", f"{LIBDIR}/dse"):
            self.assertEqual(answer.stderr.count(f"{self.prefix / folder}/libdse_torch.so"), 1, answer.stderr)

    def test_without_a_module_the_program_measures_with_its_own_engine(self):
        self.installed.unlink()
        answer = self.bench(engine="auto")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertIn("native", answer.stdout)


if __name__ == "__main__":
    CMAKE, BUILD, LIBDIR, TRIPLET = sys.argv[1:5]
    if Path(LIBDIR).is_absolute():
        print(f"SKIPPED: install_test: the build installs into {LIBDIR}, whatever the prefix")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], verbosity=2)
