"""Register an encoder of one's own from a file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.queries.training.encoders import SHIPPED, default_key, encoders, keys_of, name_of
from dashboard.services.errors import Refused
from dashboard.services.training.encoders import NewEncoder, register_at_once, set_default_key
from dashboard.services.training.own_files import new_encoder_from


class Command(BaseCommand):
    """`encoder register FILE` tries, prepares and keeps an ONNX file; `encoder list` lists.

    `encoder default NAME` lets one be used where nobody chose another, shipped ones too.
    """

    help = "Register an ONNX image encoder, list what there is, or choose the default."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="One line an encoder: name, state, key.")
        default = verbs.add_parser("default", help="Let one be used where nobody chose another.")
        default.add_argument("name", help="Its name or its key, as `encoder list` gives them.")
        register = verbs.add_parser("register", help="Try, prepare and keep an ONNX file.")
        register.add_argument("file", type=Path)
        register.add_argument("--name", help="What people call it; the file's name otherwise.")
        register.add_argument(
            "--preprocessing",
            type=Path,
            help="The JSON that says how pictures are prepared; preprocessor_config.json or "
            "FILE.json beside the file otherwise.",
        )
        register.add_argument("--output", default="", help="The name of the output to use.")
        register.add_argument("--pooling", default="", choices=["cls", "mean"])
        register.add_argument(
            "--default", action="store_true", help="Make it the default once it is ready."
        )

    def handle(self, *_args: Any, verb: str, **options: Any) -> None:
        """Do it, or say in one sentence why not."""
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
            raise ValueError(f"There is no encoder “{word}”: `encoder list` shows what there is.")
        if len(keys) > 1:
            raise ValueError(f"Several encoders are called “{word}”: give a key instead.")
        set_default_key(key=keys[0])
        self.stdout.write(
            f"“{name_of(keys[0])}” is the default now. Workers look at the images of those "
            "workspaces that chose none, and their search goes by it once that is done."
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
            f"“{made}” is ready: {made.dimension} numbers, {made.milliseconds} ms a picture."
        )

    def report(self, done: int, total: int, stage: str = "") -> None:  # noqa: ARG002 (one stage)
        """Say how far the preparation is, now and then."""
        if done % 250 == 0 or done == total:
            self.stderr.write(f"{done} of {total} drawn pictures")
