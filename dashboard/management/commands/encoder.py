"""Register an encoder of one's own from a file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.queries.encoders import encoders
from dashboard.services.encoders import NewEncoder, register_at_once, set_default
from dashboard.services.errors import Refused
from dashboard.services.own_files import new_encoder_from


class Command(BaseCommand):
    """`encoder register FILE` tries, prepares and keeps an ONNX file; `encoder list` lists."""

    help = "Register an ONNX image encoder, or list those that are registered."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the two verbs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="One line an encoder: name, state, key.")
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
            "--default", action="store_true", help="Let new versions be trained with it."
        )

    def handle(self, *_args: Any, verb: str, **options: Any) -> None:
        """Do it, or say in one sentence why not."""
        if verb == "list":
            for row in encoders():
                self.stdout.write(f"{row.name}\t{row.state}\t{row.key}")
            return
        try:
            self._register(options)
        except (Refused, OSError, ValueError) as error:
            raise CommandError(str(error)) from error

    def _register(self, options: dict[str, Any]) -> None:
        new: NewEncoder = new_encoder_from(
            options["file"],
            name=options["name"] or "",
            preprocessing=options["preprocessing"],
            output=options["output"],
            pooling=options["pooling"],
        )
        made = register_at_once(new=new, progress=self._tell)
        if options["default"]:
            set_default(encoder=made)
        self.stdout.write(
            f"“{made}” is ready: {made.dimension} numbers, {made.milliseconds} ms a picture."
        )

    def _tell(self, done: int, total: int) -> None:
        if done % 250 == 0 or done == total:
            self.stderr.write(f"{done} of {total} drawn pictures")
