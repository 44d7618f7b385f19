"""Discovery finds what Alembic finds, and says plainly what it cannot use."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from migrate_guard.reading import directories
from migrate_guard.reading import discover as module
from migrate_guard.reading.discover import AlembicEnvironment, DiscoveryError, Selection, discover

REVISION = 'revision = "{id}"\ndown_revision = {down!r}\n\n\ndef upgrade():\n    pass\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of its own, so that nothing above it is looked at, and the current directory."""
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for package in ("app", "app.models", "srcless"):
        monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.delitem(sys.path_importer_cache, ".", raising=False)
    return root


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return path


def revision(directory: Path, identifier: str, down: str | None = None, name: str = "") -> Path:
    return write(directory / (name or f"{identifier}_x.py"), REVISION.format(id=identifier, down=down))


def scripts_at(location: Path, *identifiers: str) -> Path:
    """Make a script_location with a linear history."""
    write(location / "env.py", "from alembic import context\n")
    for down, identifier in zip((None, *identifiers), identifiers, strict=False):
        revision(location / "versions", identifier, down)
    return location


def found(*paths: Path, cwd: Path, names: Sequence[str] = (), **environ: str) -> Selection:
    return discover(paths, cwd=cwd, names=names, environ=environ)


def only(selection: Selection) -> AlembicEnvironment:
    assert len(selection.environments) == 1, selection
    return selection.environments[0]


def names_of(environment: AlembicEnvironment) -> list[str]:
    return [script.path.name for script in environment.scripts]


def same_as_alembic(environment: AlembicEnvironment, config: Config) -> list[str]:
    """Assert that Alembic has the same version locations and scripts; return the names of these."""
    theirs = ScriptDirectory.from_config(config)
    locations = [Path(location).resolve() for location in theirs._version_locations]
    assert [location.resolve() for location in environment.version_locations] == locations
    assert environment.script_location is not None
    assert environment.script_location.resolve() == Path(theirs.dir).resolve()
    scripts = sorted(Path(script.path).resolve() for script in theirs.walk_revisions())
    assert sorted(script.path.resolve() for script in environment.scripts) == scripts
    assert all(script.problem is None for script in environment.scripts)
    return sorted(path.name for path in scripts)


class TestTemplates:
    @pytest.mark.parametrize("template", ["generic", "async", "multidb", "pyproject", "pyproject_async"])
    def test_of_alembic(self, project: Path, template: str) -> None:
        toml = "pyproject.toml" if template.startswith("pyproject") else None
        config = Config("alembic.ini", toml_file=toml)
        command.init(config, "db/scripts", template=template)
        command.revision(Config("alembic.ini", toml_file=toml), "first", rev_id="a1")
        env = only(found(cwd=project))
        assert same_as_alembic(env, Config("alembic.ini", toml_file=toml)) == ["a1_first.py"]
        assert env.config_path == project / "alembic.ini"
        assert env.env_path == project / "db/scripts/env.py"
        assert env.prepend_sys_path == (project,)
        assert env.databases == (("engine1", "engine2") if template == "multidb" else ())
        assert env.url == "driver://user:pass@localhost/dbname"
        assert env.url_line is not None
        lines = (project / "alembic.ini").read_text().splitlines()
        assert lines[env.url_line - 1] == "sqlalchemy.url = driver://user:pass@localhost/dbname"
        above = [line for line in lines[: env.url_line] if line.startswith("[")]
        assert above[-1] == ("[engine1]" if template == "multidb" else "[alembic]")

    @pytest.mark.parametrize("template", ["flask", "flask-multidb", "aioflask", "aioflask-multidb"])
    @pytest.mark.parametrize("given", ["", "migrations", "migrations/alembic.ini", "migrations/versions", "nothing"])
    def test_of_flask_migrate(self, project: Path, template: str, given: str) -> None:
        spec = find_spec("flask_migrate")
        assert spec is not None
        assert spec.origin is not None
        source = Path(spec.origin).parent / "templates" / template
        target = project / "migrations"
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        (target / "alembic.ini.mako").rename(target / "alembic.ini")
        revision(target / "versions", "b2")
        env = only(found(*([] if given == "nothing" else [Path(given)]), cwd=project))
        config = Config(str(target / "alembic.ini"))
        config.set_main_option("script_location", str(target))
        assert same_as_alembic(env, config) == ["b2_x.py"]
        assert env.config_path == target / "alembic.ini"
        assert (env.root, env.databases, env.url) == (target, (), None)


@pytest.mark.filterwarnings("ignore:File .* loaded twice:UserWarning")
class TestAgreesWithAlembic:
    """Each configuration is read by both; the current directory is that of the configuration."""

    @pytest.mark.parametrize(
        "options",
        [
            "script_location = db",
            "script_location = ./db/../db",
            "script_location = %(here)s/db",
            "script_location: db",
            "SCRIPT_LOCATION = db",
            "script_location = app.models:migrations\nprepend_sys_path = .",
            "script_location = srcless:a:b\nprepend_sys_path = lib",
            "script_location = db\nrecursive_version_locations = true",
            "script_location = db\nrecursive_version_locations = True",
            "script_location = db\nversion_locations = db/versions more",
            "script_location = db\nversion_locations = db/versions, more",
            "script_location = db\nversion_locations = more,%(here)s/db/versions",
            "script_location = db\nversion_locations = db/versions\n  more",
            "script_location = db\nversion_locations = db/versions:more\nversion_path_separator = :",
            "script_location = db\nversion_locations = db/versions;more\nversion_path_separator = ;",
            "script_location = db\nversion_locations = db/versions more\npath_separator = space",
            "script_location = db\nversion_locations =\n  db/versions\n  more\npath_separator = newline",
            f"script_location = db\nversion_locations = more{os.pathsep}db/versions\npath_separator = os",
            "script_location = db\nversion_locations = more;lib\npath_separator = ;\nversion_path_separator = x",
            "script_location = db\nversion_locations = db/versions absent",
            "script_location = db\nversion_locations = more",
            "script_location = db\nversion_locations = app.models:migrations/versions\nprepend_sys_path = .",
            "script_location = db\nversion_locations =",
            "script_location = db\nsourceless = false\nversion_path_separator = os  # a comment is part of the value",
        ],
    )
    @pytest.mark.filterwarnings("ignore:.*path_separator:DeprecationWarning")
    def test_ini(self, project: Path, options: str) -> None:
        self.lay_out(project)
        write(project / "alembic.ini", "[alembic]\n" + options)
        env = only(found(cwd=project))
        names = same_as_alembic(env, Config("alembic.ini"))
        assert names or "version_locations = db/versions\n  more" in options

    @pytest.mark.parametrize(
        "table",
        [
            'script_location = "db"',
            'script_location = "%(here)s/db"\nprepend_sys_path = ["."]',
            'script_location = "db"\nversion_locations = ["more", "%(here)s/db/versions"]',
            'script_location = "db"\nrecursive_version_locations = true',
            'script_location = "db"\nversion_locations = []',
        ],
    )
    @pytest.mark.parametrize(
        "ini", [None, "", "[alembic]\nsqlalchemy.url = sqlite://", "[alembic]\nscript_location = other"]
    )
    def test_pyproject(self, project: Path, table: str, ini: str | None) -> None:
        self.lay_out(project)
        write(project / "pyproject.toml", f"[project]\nname = 'x'\n[tool.alembic]\n{table}\n")
        if ini is not None:
            write(project / "alembic.ini", ini)
        env = only(found(cwd=project))
        assert same_as_alembic(env, Config("alembic.ini", toml_file="pyproject.toml"))
        in_ini = ini is not None and "[alembic]" in ini
        assert env.config_path == project / ("alembic.ini" if in_ini else "pyproject.toml")

    @pytest.mark.filterwarnings("ignore:.*path_separator:DeprecationWarning")
    def test_named_sections(self, project: Path) -> None:
        self.lay_out(project)
        ini = """
            [DEFAULT]
            script_location = db
            [one]
            version_locations = %(here)s/more
            version_table = one_version
            [two]
            script_location = other
            [logging]
            level = INFO
            """
        write(project / "alembic.ini", ini)
        for name in ("one", "two"):
            env = only(found(cwd=project, names=[name]))
            assert env.section == name
            assert same_as_alembic(env, Config("alembic.ini", ini_section=name))
        assert [env.section for env in found(cwd=project).environments] == ["one", "two"]
        assert [env.section for env in found(cwd=project, names=["two", "one"]).environments] == ["two", "one"]
        assert found(cwd=project).environments[0].options == {"version_table": "one_version"}

    def test_a_main_section_that_the_named_ones_share(self, project: Path) -> None:
        self.lay_out(project)
        write(project / "alembic.ini", "[alembic]\ntimezone = UTC\n[one]\nscript_location = db\n")
        env = only(found(cwd=project))
        assert env.section == "one"
        assert same_as_alembic(env, Config("alembic.ini", ini_section="one"))

    @staticmethod
    def lay_out(project: Path) -> None:
        """Lay out every directory that a configuration above names."""
        scripts_at(project / "db", "aa01", "aa02")
        scripts_at(project / "other", "dd01")
        scripts_at(project / "app/models/migrations", "bb01")
        scripts_at(project / "lib/srcless/a/b", "cc01")
        write(project / "app/__init__.py")
        write(project / "app/models/__init__.py")
        revision(project / "more", "ee01")
        versions = project / "db/versions"
        revision(versions / "deep/er", "aa03", "aa02")
        write(versions / "__init__.py")
        write(versions / ".#aa02_x.py", "raise SystemError")
        write(versions / "notes.txt")
        write(versions / "aa01_x.py.orig", "raise SystemError")
        write(versions / "__pycache__/zz.py", "raise SystemError")
        (versions / "directory.py").mkdir()
        (versions / "linked.py").symlink_to(versions / "aa01_x.py")
        (versions / "renamed.py").symlink_to(versions / "notes.txt")


class TestPaths:
    @pytest.mark.parametrize(
        "given", [".", "alembic.ini", "alembic", "alembic/versions", "alembic/../alembic/", "nothing"]
    )
    def test_every_path_leads_to_the_environment(self, project: Path, given: str) -> None:
        scripts_at(project / "alembic", "a1", "a2")
        write(project / "alembic.ini", "[alembic]\nscript_location = alembic")
        selection = found(*([] if given == "nothing" else [Path(given)]), cwd=project)
        env = only(selection)
        assert (env.config_path, env.root) == (project / "alembic.ini", project)
        assert [script.path for script in env.scripts] == [project / f"alembic/versions/a{n}_x.py" for n in (1, 2)]
        assert (selection.restrict, selection.warnings) == (None, ())

    def test_a_script_restricts_the_report(self, project: Path) -> None:
        versions = scripts_at(project / "alembic", "a1", "a2") / "versions"
        write(project / "alembic.ini", "[alembic]\nscript_location = alembic")
        (project / "link.py").symlink_to(versions / "a1_x.py")
        selection = found(Path("alembic/versions/a2_x.py"), cwd=project)
        assert names_of(only(selection)) == ["a1_x.py", "a2_x.py"]
        assert selection.restrict == frozenset({versions / "a2_x.py"})

    def test_env_py_restricts_the_report(self, project: Path) -> None:
        location = scripts_at(project / "alembic", "a1")
        selection = found(location / "env.py", cwd=project)
        assert (only(selection).env_path, selection.restrict) == (location / "env.py", frozenset({location / "env.py"}))

    def test_a_script_by_another_name_is_spelled_as_listed(self, project: Path) -> None:
        location = scripts_at(project / "db/alembic", "a1")
        write(project / "alembic.ini", "[alembic]\nscript_location = db/alembic")
        (project / "way").symlink_to(location / "versions")
        selection = found(project / "way/a1_x.py", cwd=project)
        assert only(selection).config_path == project / "alembic.ini"
        assert selection.restrict == frozenset({location / "versions/a1_x.py"})

    def test_scripts_and_projects_together(self, project: Path) -> None:
        one, two = scripts_at(project / "one", "a1", "a2"), scripts_at(project / "two", "b1")
        selection = found(one / "versions/a2_x.py", two, cwd=project)
        assert [env.script_location for env in selection.environments] == [one, two]
        assert selection.restrict == frozenset({one / "versions/a2_x.py", two / "versions/b1_x.py", two / "env.py"})

    def test_paths_to_one_environment_merge(self, project: Path) -> None:
        location = scripts_at(project / "alembic", "a1")
        write(project / "alembic.ini", "[alembic]\nscript_location = alembic")
        selection = found(location, project, location / "versions", project / "alembic.ini", cwd=project)
        assert only(selection).config_path == project / "alembic.ini"

    def test_another_ini_that_points_here(self, project: Path) -> None:
        location = scripts_at(project / "db", "a1")
        write(project / "tox.ini", "no header")
        write(project / "migrations.ini", "[alembic]\nscript_location = db\nsqlalchemy.url = sqlite://")
        env = only(found(location / "versions", cwd=project))
        assert (env.config_path, env.url, env.url_line) == (project / "migrations.ini", "sqlite://", 3)

    def test_a_configuration_that_points_elsewhere_is_not_taken(self, project: Path) -> None:
        scripts_at(project / "one", "a1")
        two = scripts_at(project / "two", "b1")
        write(project / "alembic.ini", "[alembic]\nscript_location = one")
        env = only(found(two / "versions", cwd=project))
        assert (env.config_path, env.script_location, env.root) == (None, two, two)

    def test_the_repository_bounds_the_way_up(self, project: Path) -> None:
        inner = project / "vendored"
        (inner / ".git").mkdir(parents=True)
        revision(inner / "db/versions", "a1")
        write(project / "alembic.ini", "[alembic]\nscript_location = vendored/db")
        assert only(found(inner / "db/versions", cwd=inner)).config_path is None

    def test_bare_versions_directory(self, project: Path) -> None:
        revision(project / "history", "a1")
        env = only(found(project / "history", cwd=project))
        assert (env.script_location, env.env_path, env.root) == (None, None, project / "history")
        assert env.version_locations == (project / "history",)

    def test_env_py_above_a_bare_versions_directory(self, project: Path) -> None:
        write(project / "db/env.py", "from alembic import context")
        revision(project / "db/state", "a1")
        env = only(found(project / "db/state/a1_x.py", cwd=project))
        assert (env.env_path, env.version_locations) == (project / "db/env.py", (project / "db/state",))

    @pytest.mark.parametrize("text", ["print()", "SCRIPT = '''\nrevision = 'a'\ndown_revision = None\n'''\n"])
    def test_a_file_that_is_no_script(self, project: Path, text: str) -> None:
        path = write(project / "api/versions/x.py", text)
        assert found(path, cwd=project) == Selection((), None, (f"{path} is no migration script",))
        assert found(project, cwd=project).environments == ()

    def test_a_file_without_revision_among_scripts(self, project: Path) -> None:
        location = scripts_at(project / "db", "a1")
        path = write(location / "versions/x.py", "print()")
        assert found(path, cwd=project).restrict == frozenset({path})

    def test_run_from_the_root_of_the_project(self, project: Path) -> None:
        location = scripts_at(project / "src/app/db", "a1")
        write(project / "src/app/db/alembic.ini", "[alembic]\nscript_location = src/app/db\nprepend_sys_path = src")
        env = only(found(location, cwd=project / "src/app/db"))
        assert (env.script_location, env.prepend_sys_path) == (location, (project / "src",))

    @pytest.mark.parametrize("package", ["app.db:scripts", "app:db/scripts", "app:db:scripts"])
    @pytest.mark.parametrize("top", ["", "src", "lib"])
    def test_a_package_is_found_without_import(self, project: Path, package: str, top: str) -> None:
        write(project / top / "app/__init__.py", "raise SystemExit")
        location = scripts_at(project / top / "app/db/scripts", "a1")
        write(project / "alembic.ini", f"[alembic]\nscript_location = {package}\nprepend_sys_path = lib")
        assert only(found(cwd=project)).script_location == location


class TestWithoutPaths:
    def test_the_configuration_here_comes_first(self, project: Path) -> None:
        scripts_at(project / "one", "a1")
        scripts_at(project / "two", "b1")
        write(project / "alembic.ini", "[alembic]\nscript_location = one")
        assert only(found(cwd=project)).script_location == project / "one"

    def test_alembic_config_as_alembic_takes_it(self, project: Path) -> None:
        scripts_at(project / "one", "a1")
        scripts_at(project / "two", "b1")
        scripts_at(project / "conf/two", "c1")
        write(project / "alembic.ini", "[alembic]\nscript_location = one")
        ini = write(project / "conf/second.ini", "[alembic]\nscript_location = two")
        env = only(found(cwd=project, ALEMBIC_CONFIG="conf/second.ini"))
        assert same_as_alembic(env, Config("conf/second.ini", toml_file="pyproject.toml")) == ["b1_x.py"]
        assert env.config_path == ini
        given = found(Path("alembic.ini"), cwd=project, ALEMBIC_CONFIG="conf/second.ini")
        assert only(given).script_location == project / "one"

    @pytest.mark.parametrize("named", ["gone.ini", "empty.ini"])
    def test_alembic_config_that_is_none(self, project: Path, named: str) -> None:
        write(project / "empty.ini", "[other]")
        with pytest.raises(DiscoveryError, match=f"{named}, named by ALEMBIC_CONFIG"):
            found(cwd=project, ALEMBIC_CONFIG=named)

    def test_every_environment_below(self, project: Path) -> None:
        write(project / "services/a/alembic.ini", "[alembic]\nscript_location = migrations")
        scripts_at(project / "services/a/migrations", "a1")
        scripts_at(project / "services/b/alembic_migrations", "b1")
        revision(project / "services/c/versions", "c1")
        for skipped in (".tox", "node_modules", "lib/site-packages", "build", "dist", "env"):
            scripts_at(project / skipped / "db", "x1")
        write(project / "env/pyvenv.cfg")
        write(project / "aim/env.py", "nothing to do with migrations")
        roots = [env.root.relative_to(project).as_posix() for env in found(cwd=project).environments]
        assert roots == ["services/a", "services/b/alembic_migrations", "services/c/versions"]

    @pytest.mark.parametrize("below", ["src/deep", "alembic", "alembic/versions"])
    def test_above(self, project: Path, below: str) -> None:
        location = scripts_at(project / "alembic", "a1")
        write(project / "alembic.ini", "[alembic]\nscript_location = alembic")
        (project / below).mkdir(parents=True, exist_ok=True)
        selection = found(cwd=project / below)
        assert (only(selection).config_path, selection.warnings) == (project / "alembic.ini", ())
        assert only(selection).script_location == location

    def test_beside(self, project: Path) -> None:
        location = scripts_at(project / "db/migrations", "a1")
        (project / "src").mkdir()
        assert only(found(cwd=project / "src")).script_location == location

    def test_nothing(self, project: Path) -> None:
        for selection in (found(cwd=project), found(project, cwd=project)):
            assert selection == Selection((), None, (f"no migration scripts found in {project}",))

    def test_no_scripts_yet(self, project: Path) -> None:
        write(project / "alembic.ini", "[alembic]\nscript_location = db")
        (project / "db/versions").mkdir(parents=True)
        selection = found(cwd=project)
        assert only(selection).scripts == ()
        assert selection.warnings == (f"no migration scripts found in {project / 'db/versions'}",)

    def test_too_many_directories_are_said(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(directories, "MAX_DIRECTORIES", 2)
        scripts_at(project / "a/b/c/d", "a1")
        (warning, _) = found(cwd=project).warnings
        assert "too many directories" in warning


class TestConfigurationInCode:
    def releases(self, project: Path, code: str) -> Selection:
        location = scripts_at(project / "db/migration/alembic_migrations", "a1")
        write(project / "db/migration/cli.py", code)
        revision(location / "versions/2024.1/expand", "e1", "a1")
        revision(location / "versions/2025.1/expand", "e2", "e1")
        revision(location / "versions/archive", "z1")
        return found(location, cwd=project)

    def test_directories_that_continue_the_history(self, project: Path) -> None:
        selection = self.releases(project, "config.set_main_option('version_locations', ' '.join(paths))")
        assert names_of(only(selection)) == ["e1_x.py", "e2_x.py", "a1_x.py"]
        assert [warning for warning in selection.warnings if "archive is not among" in warning] == [*selection.warnings]
        versions = project / "db/migration/alembic_migrations/versions"
        for place in ("2025.1/expand", "2025.1/expand/e2_x.py"):
            assert only(found(versions / place, cwd=project)).version_locations == only(selection).version_locations

    def test_no_code_that_sets_them(self, project: Path) -> None:
        selection = self.releases(project, "")
        assert names_of(only(selection)) == ["a1_x.py"]
        assert len(selection.warnings) == 3


class TestBadInput:
    @pytest.mark.parametrize(
        ("ini", "message"),
        [
            (b"script_location = db\n", "no section headers"),
            (b"[alembic]\nscript_location = db\n[alembic]\n", r"\[line +3\]: section 'alembic' already exists"),
            (b"[alembic]\nscript_location = a\nscript_location = b", "option 'script_location' .* already exists"),
            (b"[alembic]\nwhat is this\n", "parsing errors"),
            (b"[alembic]\n\nscript_location = %(nope)s/db\n", r"alembic.ini:3: .*'nope'"),
            (b"[alembic]\nscript_location = 100%\n", "alembic.ini:2: .*literal percent sign"),
            (b"[alembic]\nscript_location = %(script_location)s\n", "alembic.ini:2: .*[Rr]ecursion"),
            (b"[alembic]\nscript_location = gone\n", "script_location 'gone' is not a directory"),
            (b"[alembic]\nscript_location = no.such:package\n", "'no.such:package' is not a directory"),
            (b"[alembic]\nscript_location = :\n", "':' is not a directory"),
            (b"[alembic]\n", r"\[alembic\] has no script_location"),
            (b"[alembic]\nscript_location = db\nversion_locations = x\npath_separator = tab", r"ini:4: .*'tab'"),
            (b"[alembic]\nscript_location = db # \xe9\xff\n", "alembic.ini:2: .*UTF-8"),
            (b"\xff\xfe[\0a\0l\0", "NUL bytes"),
            (b"#" * 1_000_001, "larger than 1,000,000 bytes"),
        ],
    )
    @pytest.mark.parametrize("given", ["alembic.ini", ".", "nothing"])
    def test_ini(self, project: Path, monkeypatch: pytest.MonkeyPatch, ini: bytes, message: str, given: str) -> None:
        monkeypatch.setattr("locale.getencoding", lambda: "utf-8")
        (project / "db").mkdir()
        (project / "alembic.ini").write_bytes(ini)
        with pytest.raises(DiscoveryError, match=message):
            found(*([] if given == "nothing" else [Path(given)]), cwd=project)

    @pytest.mark.parametrize(
        ("toml", "message"),
        [
            ("[tool.alembic]\nscript_location = ", "not readable TOML"),
            ("[tool.alembic]\nx = " + "[" * 5000, "not readable TOML"),
            ("[tool]\nalembic = 1 # tool.alembic", "alembic is not a table"),
            ("tool = 1 # tool.alembic", "tool is not a table"),
            ("[tool.alembic]\nscript_location = 3", "script_location in .* is not a string"),
            ("[tool.alembic]\nscript_location = '%(nope)s'", r"neither %\(here\)s nor %%"),
            ("[tool.alembic]\nscript_location = 'a%'", "neither"),
            ('[tool.alembic]\nscript_location = "a\\u0000"', "has a NUL"),
            ('[tool.alembic]\nscript_location = "db"\nversion_locations = ["a\\u0000"]', "has a NUL"),
            ("[tool.alembic]\nscript_location = 'db'\nversion_locations = 'db'", "not an array of strings"),
            ("[tool.alembic]\nscript_location = 'db'\nversion_locations = [1]", "not an array of strings"),
            ("[tool.alembic]\nscript_location = 'db'\nrecursive_version_locations = 'true'", "not true or false"),
        ],
    )
    def test_pyproject(self, project: Path, toml: str, message: str) -> None:
        (project / "db").mkdir()
        write(project / "pyproject.toml", toml)
        for paths in ([], [project / "pyproject.toml"]):
            with pytest.raises(DiscoveryError, match=message):
                found(*paths, cwd=project)

    def test_a_pyproject_of_another_tool(self, project: Path) -> None:
        path = write(project / "pyproject.toml", "[project]\nname = 'x'\n")
        scripts_at(project / "db", "a1")
        assert only(found(cwd=project)).config_path is None
        with pytest.raises(DiscoveryError, match="neither a migration script nor a configuration of Alembic"):
            found(path, cwd=project)

    def test_the_section_named_is_missing(self, project: Path) -> None:
        scripts_at(project / "db", "a1")
        write(project / "alembic.ini", "[alembic]\nscript_location = db")
        for path in (project, project / "alembic.ini", project / "db"):
            with pytest.raises(DiscoveryError, match=r"\[other\] section"):
                found(path, cwd=project, names=["other"])

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("postgresql://u:p%40ss@h/d", "postgresql://u:p%40ss@h/d"),
            ("postgresql://u:p%%40ss@h/d", "postgresql://u:p%40ss@h/d"),
            ("%(DB_URL)s", "%(DB_URL)s"),
            ("sqlite:///%(here)s/x.db", "sqlite:///{here}/x.db"),
            ("", None),
        ],
    )
    def test_url(self, project: Path, url: str, expected: str | None) -> None:
        scripts_at(project / "db", "a1")
        write(
            project / "alembic.ini", f"[alembic]\nscript_location = db\n\nsqlalchemy.url = {url}\n[x]\nsqlalchemy.url="
        )
        env = only(found(cwd=project))
        assert env.url == (expected and expected.format(here=project.as_posix()))
        assert env.url_line == (4 if expected else None)

    def test_a_percent_sign_in_the_directory(self, project: Path) -> None:
        location = scripts_at(project / "100%" / "db", "a1")
        write(project / "100%" / "alembic.ini", "[alembic]\nscript_location = %(here)s/db")
        write(project / "100%" / "pyproject.toml", "[tool.alembic]\nx = '%(here)s'")
        assert only(found(cwd=project / "100%")).script_location == location

    def test_a_broken_configuration_among_others_is_a_warning(self, project: Path) -> None:
        scripts_at(project / "a/alembic", "a1")
        write(project / "a/alembic.ini", "[alembic]\nscript_location = {alembic_dir}")
        selection = found(cwd=project)
        assert only(selection).script_location == project / "a/alembic"
        (warning,) = selection.warnings
        assert warning.startswith(f"{project}/a/alembic.ini: script_location '{{alembic_dir}}' is not a directory")

    def test_only_broken_configurations_are_an_error(self, project: Path) -> None:
        write(project / "a/alembic.ini", "nonsense")
        with pytest.raises(DiscoveryError, match="no section headers"):
            found(cwd=project)

    def test_missing_path(self, project: Path) -> None:
        with pytest.raises(DiscoveryError, match=r"^gone/x\.py does not exist$"):
            found(Path("gone/x.py"), cwd=project)

    def test_a_file_of_another_kind(self, project: Path) -> None:
        with pytest.raises(DiscoveryError, match=r"README\.md is not a readable ini file"):
            found(write(project / "README.md", "Title\n"), cwd=project)

    @pytest.mark.parametrize("name", ["x.py", "alembic.ini"])
    def test_special_files(self, project: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        versions = scripts_at(project / "db", "a1") / "versions"
        os.mkfifo(versions / name)
        (versions / "dangling.py").symlink_to("nowhere.py")
        (versions / "odd.py").symlink_to("nowhere")
        (versions / ".#lock.py").symlink_to("user@host.1234")
        (versions / "loop.py").symlink_to("loop.py")
        with socket.socket(socket.AF_UNIX) as server:
            monkeypatch.chdir(versions)  # the path of a socket may not be long
            server.bind("socket.py")
        for special in (name, "dangling.py", "loop.py", "socket.py"):
            with pytest.raises(DiscoveryError, match=rf"{special} (leads to|cannot be read|is not a regular file)"):
                found(versions / special, cwd=project)
        env = only(found(project / "db", cwd=project))
        problems = {script.path.name: script.problem for script in env.scripts}
        assert problems.pop("a1_x.py") is None
        assert problems.pop("x.py", "is not a regular file") == "is not a regular file"
        assert problems.pop("socket.py") == "is not a regular file"
        assert problems.pop("dangling.py") == f"leads to {versions / 'nowhere.py'}, which does not exist"
        assert problems.pop("odd.py") == f"leads to {versions / 'nowhere'}, which does not exist"
        assert "symbolic links" in (problems.pop("loop.py") or "")
        assert problems == {}

    def test_a_fifo_is_never_waited_for(self, project: Path) -> None:
        location = scripts_at(project / "db", "a1")
        for name in (
            "pyproject.toml",
            "x.ini",
            "db/env.py",
            "db/versions/x.py",
            "db/helper.py",
            "lib/x.py",
            "a/alembic.ini",
        ):
            (project / name).parent.mkdir(exist_ok=True)
            (project / name).unlink(missing_ok=True)
            os.mkfifo(project / name)
        assert found(location / "versions/a1_x.py", cwd=project).environments
        assert any("a/alembic.ini cannot be read: not a regular" in text for text in found(cwd=project).warnings)
        os.mkfifo(project / "alembic.ini")
        with pytest.raises(DiscoveryError, match="not a regular file"):
            found(cwd=project)

    def test_a_directory_above_that_is_no_script_location(self, project: Path) -> None:
        (project / "migrations").mkdir()
        write(project / "conf/alembic.ini", "[alembic]\nscript_location = migrations")
        with pytest.raises(DiscoveryError, match="'migrations' is not a directory"):
            found(project / "conf", cwd=project / "conf")

    def test_directories_that_are_links(self, project: Path) -> None:
        location = scripts_at(project / "db", "a1")
        (location / "versions/round").symlink_to(project)
        (project / "again").symlink_to(".")
        write(
            project / "alembic.ini", "[alembic]\nscript_location = again/again/db\nrecursive_version_locations = true"
        )
        assert same_as_alembic(only(found(cwd=project)), Config("alembic.ini")) == ["a1_x.py"]

    def test_a_directory_named_like_a_script(self, project: Path) -> None:
        revision(project / "x.py", "a1")
        assert names_of(only(found(project / "x.py", cwd=project))) == ["a1_x.py"]

    def test_no_permission(self, project: Path) -> None:
        versions = scripts_at(project / "db", "a1") / "versions"
        (versions / "a1_x.py").chmod(0)
        if os.access(versions / "a1_x.py", os.R_OK):
            pytest.skip("this user reads everything")
        (script,) = only(found(project / "db", cwd=project)).scripts
        assert script.problem == "cannot be read: permission denied"
        write(project / "alembic.ini", "[alembic]\nscript_location = db").chmod(0)
        with pytest.raises(DiscoveryError, match=r"alembic\.ini cannot be read: Permission denied"):
            found(cwd=project)
        (project / "alembic.ini").unlink()
        versions.chmod(0)
        try:
            assert f"{versions}: Permission denied" in found(project / "db", cwd=project).warnings
        finally:
            versions.chmod(0o700)

    def test_compiled_scripts_are_said_not_to_be_read(self, project: Path) -> None:
        versions = scripts_at(project / "db", "a1") / "versions"
        write(versions / "a2_x.pyc")
        write(project / "alembic.ini", "[alembic]\nscript_location = db\nsourceless = true")
        selection = found(cwd=project)
        assert names_of(only(selection)) == ["a1_x.py"]
        assert selection.warnings == (
            f"{project}/alembic.ini: sourceless is set, but compiled scripts (.pyc) are not read",
        )

    def test_nothing_is_imported(self, project: Path) -> None:
        location = scripts_at(project / "app/db", "a1")
        for trap in ("app/__init__.py", "app/db/env.py", "app/db/versions/a0_trap.py", "sitecustomize.py"):
            write(project / trap, "# alembic\nraise SystemExit(1)\n")
        write(project / "alembic.ini", "[alembic]\nscript_location = app:db\nprepend_sys_path = .")
        code = (
            "import sys; from pathlib import Path; from migrate_guard.reading.discover import discover;"
            "env, = discover([], cwd=Path(sys.argv[1]), environ={}).environments;"
            "print(env.script_location); assert not {'alembic', 'sqlalchemy', 'app'} & set(sys.modules)"
        )
        root = Path(module.__file__).parents[2]
        run = subprocess.run([sys.executable, "-c", code, str(project)], cwd=root, capture_output=True, text=True)
        assert (run.stdout.strip(), run.stderr) == (str(location), "")
