"""Register an encoder from a file, list encoders, or choose the default."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.queries.training.encoders import SHIPPED, default_key, encoders, keys_of, name_of
from dashboard.services.errors import Refused
from dashboard.services.training.encoder_files import new_encoder_from
from dashboard.services.training.encoders import NewEncoder, register_at_once, set_default_key


class Command(BaseCommand):
    """`encoder register FILE` tests, prepares and stores an ONNX file; `encoder list` lists.

    `encoder default NAME` makes an encoder, a shipped one too, the default where none was chosen.
    """

    help = "Register an ONNX image encoder, list all encoders, or choose the default."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the subcommands."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="List the encoders: name, state and key.")
        default = verbs.add_parser(
            "default", help="Use an encoder where no workspace and no task has chosen another."
        )
        default.add_argument("name", help="Its name or its key, as `encoder list` prints them.")
        register = verbs.add_parser("register", help="Test, prepare and store an ONNX file.")
        register.add_argument("file", type=Path)
        register.add_argument("--name", help="Its name; by default the name of the file.")
        register.add_argument(
            "--preprocessing",
            type=Path,
            help=(
                "JSON file that says how images are prepared; by default preprocessor_config.json "
                "or FILE.json beside the file."
            ),
        )
        register.add_argument("--output", default="", help="Name of the output to use.")
        register.add_argument("--pooling", default="", choices=["cls", "mean"])
        register.add_argument(
            "--default", action="store_true", help="Make it the default once it is ready."
        )

    def handle(self, *_args: Any, verb: str, **options: Any) -> None:
        """Run the subcommand; report an error in one sentence."""
        try:
            {"list": self._list, "default": self._default, "register": self._register}[verb](
                options
            )
        except (Refused, OSError, ValueError) as error:
            raise CommandError(str(error)) from error

    def _list(self, _options: dict[str, Any]) -> None:
        for one in SHIPPED.values():
            self._line(one.name, "ready", one.key)
        for row in encoders():
            self._line(row.name, row.state, row.key)

    def _line(self, name: str, state: str, key: str) -> None:
        mark = "\tdefault" if key == default_key() else ""
        self.stdout.write(f"{name}\t{state}\t{key}{mark}")

    def _default(self, options: dict[str, Any]) -> None:
        word = options["name"]
        keys = keys_of(word)
        if not keys:
            raise ValueError(f"No encoder is named “{word}”. `encoder list` prints all.")
        if len(keys) > 1:
            raise ValueError(f"Several encoders are named “{word}”. Give the key instead.")
        set_default_key(key=keys[0])
        self.stdout.write(
            f"“{name_of(keys[0])}” is now the default. Workers process the images of the "
            "workspaces that have not chosen an encoder; their search uses the new default when "
            "that is done."
        )

    def _register(self, options: dict[str, Any]) -> None:
        new: NewEncoder = new_encoder_from(
            options["file"],
            name=options["name"] or "",
            preprocessing=options["preprocessing"],
            output=options["output"],
            pooling=options["pooling"],
        )
        made = register_at_once(new=new, progress=self)
        if options["default"]:
            set_default_key(key=made.key)
        self.stdout.write(
            f"“{made}” is ready: {made.dimension} dimensions, {made.milliseconds} ms per image."
        )

    def report(self, done: int, total: int, step: str = "") -> None:  # noqa: ARG002 (one step)
        """Print the progress of the preparation at intervals."""
        if done % 250 == 0 or done == total:
            self.stderr.write(f"{done} of {total} drawn images")
