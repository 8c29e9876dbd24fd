"""How docstrings are read for the reference."""

import re

import griffe

__all__ = ["Docstrings"]


class Docstrings(griffe.Extension):
    """Name sections as griffe does, and show names in the module that defines them."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Rename the sections of examples, and of the fields of named tuples."""

        if not obj.docstring:
            return

        text = _renamed("Example", "Examples", obj.docstring.value)

        if isinstance(obj, griffe.Class) and "NamedTuple" in map(str, obj.bases):
            text = _renamed("Args", "Attributes", text)

        obj.docstring.value = text

    def on_package(self, *, pkg: griffe.Module, **_: object) -> None:
        """Leave out what packages take from their modules, which is shown there."""

        for module in pkg.modules.values():
            if module.is_init_module:
                self._forget_imports(module)

    def _forget_imports(self, module: griffe.Module) -> None:
        module.exports = None

        for name in list(module.imports):
            if name in module.members and module.members[name].is_alias:
                del module.members[name]

        for each in module.modules.values():
            if each.is_init_module:
                self._forget_imports(each)


def _renamed(before: str, after: str, text: str) -> str:
    return re.sub(f"^{before}:$", f"{after}:", text, flags=re.MULTILINE)
