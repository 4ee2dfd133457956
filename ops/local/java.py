"""Java and the jars of a Kafka broker, ready to run."""

import os
import re
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path

from ops.local import make
from ops.local.errors import StackError

_RECIPE = Path(__file__).parent / "kafka"
_JARS = Path(__file__).parents[2] / ".makegood" / "kafka"
_OLDEST = 17
_ARCHIVE = "classes.jsa"


@dataclass(frozen=True)
class Java:
    """How to run a class of Kafka's on this machine."""

    executable: Path
    classpath: str
    archive: Path
    """Classes as the Java machine wants them in memory: with it a broker starts in half the time."""

    @classmethod
    async def find(cls) -> "Java":
        """Find Java, and have Maven fetch the jars the first time."""
        executable = _executable()
        version = await make.run([executable, "-fullversion"], f"Java does not run: install Java {_OLDEST} or newer.")
        number = re.search(r'"(?:1\.)?(\d+)', version)
        if number is None or int(number[1]) < _OLDEST:
            raise StackError(
                f"Kafka needs Java {_OLDEST} or newer, not {version.strip()}: install one and name it in JAVA_HOME."
            )
        jars = await _jars()
        classpath = os.pathsep.join(str(jar) for jar in sorted(jars.glob("*.jar")))
        fingerprint = zlib.crc32(f"{version} {classpath}".encode())  # another Java or place cannot use the archive
        return cls(executable, classpath, jars / f"classes-{fingerprint:08x}.jsa")

    def command(self, scratch: Path, *, leave_archive: bool = False) -> list[str]:
        """The start of a command line; what Java writes beside its work goes to `scratch`.

        With `leave_archive`, one is left there if none is kept yet and the program ends by itself: see `keep_archive`.
        """
        options = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData"]
        if self.archive.exists():
            options += [f"-XX:SharedArchiveFile={self.archive}"]
        elif leave_archive:
            options += [f"-XX:ArchiveClassesAtExit={scratch / _ARCHIVE}"]
        return [
            str(self.executable),
            *options,
            *("-Xlog:disable", "-Xlog:all=error:stderr"),  # an archive that does not fit is no matter
            f"-Djava.io.tmpdir={scratch}",
            f"-Dlog4j2.configurationFile={_RECIPE / 'log4j2.properties'}",
        ]

    @classmethod
    async def keep_archive(cls, scratch: Path) -> None:
        """Let every later start use the archive that an ended program has left."""
        left = scratch / _ARCHIVE
        if left.exists():
            left.replace((await cls.find()).archive)


def _executable() -> Path:
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None)
    if found is None:
        raise StackError(
            f"Kafka needs Java {_OLDEST} or newer and there is no `java`"
            + (f" in JAVA_HOME ({home})" if home else "")
            + ": install it (Debian: `apt-get install openjdk-17-jre-headless`)."
        )
    return Path(found)


async def _jars() -> Path:
    recipe = _RECIPE / "pom.xml"
    version = re.findall("<kafka.version>(.*)</kafka.version>", recipe.read_text())[0]
    with make.once(_JARS / version) as draft:
        if draft is not None:
            await make.run(
                [_maven(), "-q", "-B", "-f", recipe, "dependency:copy-dependencies", f"-DoutputDirectory={draft}"],
                "Maven could not fetch Kafka's jars: see that it reaches its repository, then try again.",
            )
    return _JARS / version


def _maven() -> Path:
    found = shutil.which("mvn")
    if found is None:
        raise StackError(
            "Kafka's jars are fetched by Maven and there is no `mvn`: install it (Debian: `apt-get install maven`)."
        )
    return Path(found)
