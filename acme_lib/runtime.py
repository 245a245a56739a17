"""Where we run: a machine of one's own, a Fabric notebook or a Spark Job Definition. The only file that knows notebookutils."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acme_lib.errors import Stop
from acme_lib.settings import Settings, settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from acme_lib.lake import Lakehouse

__all__ = [
    "JAVA_OPTIONS",
    "checkpoints_dir",
    "files_dir",
    "is_fabric",
    "lakehouse",
    "leave",
    "now",
    "run_notebooks",
    "secret",
    "spark",
]

FABRIC_LAKEHOUSE = "/lakehouse/default"

# Both compile the large methods Spark generates, which the JVM leaves interpreted. Short: the first tier only. Long: the optimising
# tier too, but asked ten times later than by default, since its threads take the cores that the work needs.
JAVA_OPTIONS = {
    "short": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseSerialGC -XX:-UsePerfData -XX:-DontCompileHugeMethods",
    "long": "-XX:Tier4InvocationThreshold=50000 -XX:Tier4MinInvocationThreshold=6000 -XX:Tier4CompileThreshold=150000 "
    "-XX:Tier4BackEdgeThreshold=400000 -XX:+UseParallelGC -XX:-UsePerfData -XX:-DontCompileHugeMethods",
}


def is_fabric() -> bool:
    """True on Fabric's Spark, notebook or job."""
    return os.environ.get("AZURE_SERVICE", "").startswith("Microsoft.ProjectArcadia") or Path(FABRIC_LAKEHOUSE).is_dir()


def now() -> datetime:
    """The present instant, aware, UTC. Jobs take it as an argument."""
    return datetime.now(UTC)


def secret(name: str) -> str:
    """A secret by its Key Vault name: notebookutils in Fabric, Key Vault where one is set, else ACME_SECRET_<NAME>."""
    vault = settings().key_vault
    if vault and find_spec("notebookutils") and is_fabric():
        import notebookutils

        return str(notebookutils.credentials.getSecret(vault, name))
    if vault:
        from azure.identity import DefaultAzureCredential
        from azure.keyvault.secrets import SecretClient

        return str(SecretClient(vault, DefaultAzureCredential()).get_secret(name).value)
    variable = "ACME_SECRET_" + name.upper().replace("-", "_")
    if variable not in os.environ:
        raise Stop(f"secret {name}: set key_vault in acme.toml, or the variable {variable}")
    return os.environ[variable]


def java_options(found: Settings) -> str:
    """The local JVM's options: as set, else those of the kind of work."""
    if found.lake.java_options is not None:
        return found.lake.java_options
    return JAVA_OPTIONS[found.lake.work or "short"]


def session_config(found: Settings) -> dict[str, str]:
    """Spark's settings on one machine; Fabric brings its own."""
    jars = sorted(str(p) for p in (found.jars_dir / "spark").glob("*.jar"))
    if not jars:
        raise Stop(f"no Spark jars in {found.jars_dir / 'spark'}; run make setup")
    return {
        "spark.driver.extraClassPath": os.pathsep.join(jars),
        "spark.driver.memory": found.lake.spark_memory,
        "spark.driver.extraJavaOptions": java_options(found),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.codegen.cache.maxEntries": "2000",
        "spark.sql.warehouse.dir": str(found.home.resolve() / "warehouse"),
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.python.sql.dataFrameDebugging.enabled": "false",  # each function of columns would ask the JVM five times
        "spark.log.level": "ERROR",
    }


@lru_cache(maxsize=1)
def spark() -> SparkSession:
    """The session: Fabric's own, or a local one on the jars of `make setup`."""
    from pyspark.sql import SparkSession

    from acme_lib.toolchain import find_java

    builder: Any = SparkSession.builder
    if not is_fabric():
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
        os.environ["JAVA_HOME"] = str(find_java().home)  # the first `java` of PATH may be one that Spark can't run on
        builder = builder.master("local[2]").appName("acme")
        for key, value in session_config(settings()).items():
            builder = builder.config(key, value)
    session: SparkSession = builder.getOrCreate()
    session.conf.set("spark.sql.session.timeZone", "UTC")  # a workspace may have set its own; every date here is UTC's
    return session


def files_dir() -> Path:
    """The lakehouse's Files folder."""
    return Path(FABRIC_LAKEHOUSE) / "Files" if is_fabric() else settings().lakehouse_dir / "Files"


def checkpoints_dir() -> Path:
    """Where streaming queries keep their checkpoints."""
    return files_dir() / "checkpoints" if is_fabric() else settings().folder("checkpoints")


@lru_cache(maxsize=1)
def lakehouse() -> Lakehouse:
    """The default lakehouse: Fabric's attached one, or ACME_HOME/lakehouse."""
    from acme_lib.lake import Lakehouse

    root = FABRIC_LAKEHOUSE if is_fabric() else str(settings().lakehouse_dir)
    return Lakehouse(spark(), root)


def leave(value: str) -> None:
    """Ends a notebook with a value for its caller (Fabric); elsewhere prints it."""
    if is_fabric() and find_spec("notebookutils"):
        import notebookutils

        notebookutils.notebook.exit(value)
    print(value)


def run_notebooks(dag: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Runs a DAG of notebooks in this Fabric session: `exitVal` and `exception` of each by name, also where some failed.

    Raises Stop outside a Fabric notebook: Spark Job Definitions have no notebookutils.
    """
    if not find_spec("notebookutils"):
        raise Stop(
            "notebooks run from a Fabric notebook only (no notebookutils here); start one, or run the jobs alone"
        )
    import notebookutils

    notebookutils.notebook.validateDAG(dag)
    try:
        return dict(notebookutils.notebook.runMultiple(dag))
    except Exception as e:  # of no fixed type: its module differs between Fabric's runtimes
        if (results := getattr(e, "result", None)) is None:
            raise
        return dict(results)
