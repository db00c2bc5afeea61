"""Configurations that dse writes, read by pycls: pycls_configs.py DSE

pycls' own loader must accept each file of `dse export --format pycls-yaml`, the network that it then counts must
have the flops, params and acts that dse stored, and the module that it builds as many parameters. Exits with 1 if
anything differs. Skipped where pycls is missing.
"""
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import pycls.core.config as config
    import pycls.core.net as net
    from pycls.models.anynet import AnyNet
except ImportError as missing:
    print(f"SKIPPED: pycls_configs: {missing}, no configuration is read (scripts/setup)")
    sys.exit(77)

NAMED = ["regnetx-400mf", "regnety-800mf", "regnetx-8.0gf", "resnet-50", "resnext-50"]
SMALL = '"stem":"cifar","resolution":32,"classes":10,"depths":[2,4],"widths":[16,32]'
MODELS = [
    '{"block":"X",%s,"bottleneck":[0.5,4],"group_widths":[16,8]}' % SMALL,
    '{"block":"Y",%s,"se_ratio":0.5,"group_widths":8}' % SMALL,
    '{"block":"R",%s,"bottleneck":2}' % SMALL,
    '{"block":"V",%s}' % SMALL,
    '{"block":"Basic",%s}' % SMALL,
    '{"block":"VR",%s}' % SMALL,  # which pycls has not
]
# A training whose settings are to arrive: of lr 0.2 per 128 images.
CSV = 'population,error,lr,wd,model\ntrained,50,0.2,5e-05,"{""depths"":[1],""widths"":[16]}"\n'


def dse(program, *words):
    result = subprocess.run([program, *words], capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f"{' '.join(words)}: {result.stderr}")
    return result


def check(path, counted):
    config.reset_cfg()
    config.cfg.merge_from_file(str(path))
    found = net.complexity(AnyNet)
    if (found["flops"], found["params"], found["acts"]) != counted:
        return f"{path.name}: pycls counts {found}, dse {counted}"
    built = sum(p.numel() for p in AnyNet().parameters())
    if built != counted[1]:
        return f"{path.name}: pycls builds {built} parameters, dse counts {counted[1]}"
    return None


def main(program):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        db = str(folder / "study.db")
        files = []
        for i, text in enumerate(MODELS):
            files.append(folder / f"model{i}.json")
            files[-1].write_text(text)
        csv = folder / "trained.csv"
        csv.write_text(CSV)
        dse(program, "add", "--db", db, "--population", "known", *NAMED, *map(str, files))
        dse(program, "sample", "--space", "RegNetY", "-n", "20", "--seed", "1", "--db", db, "-q")
        dse(program, "import", "--db", db, str(csv))
        said = dse(program, "export", "--db", db, "--format", "pycls-yaml", "--out", str(folder / "out")).stderr
        counted = {row[0]: row[1:] for row in sqlite3.connect(db).execute("SELECT hash, flops, params, acts FROM models")}
        paths = sorted((folder / "out").glob("*.yaml"))
        bad = [text for text in (check(path, counted[path.name[:16]]) for path in paths) if text]
        if "VR" not in said or len(paths) != len(counted) - 1:
            bad.append(f"{len(paths)} files for {len(counted)} networks; dse said: {said}")
        optim = [path for path in paths if "-lr" in path.name]
        config.reset_cfg()
        config.cfg.merge_from_file(str(optim[0]))
        if (config.cfg.OPTIM.BASE_LR, config.cfg.OPTIM.WEIGHT_DECAY) != (0.2, 5e-05):
            bad.append(f"{optim[0].name}: {config.cfg.OPTIM}")
    print("\n".join(bad) or f"pycls reads {len(paths)} configurations and counts the same networks")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
