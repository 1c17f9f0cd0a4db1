"""What each key of the configuration means: the sentences below the fields of the models."""

import ast
import inspect
from functools import cache
from itertools import pairwise

from pydantic import BaseModel


@cache
def meanings(model: type[BaseModel]) -> dict[str, str]:
    """Give what stands below each field of a model and of those it derives from."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if one is BaseModel or not issubclass(one, BaseModel):
            continue
        tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(one)))
        body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
        for field, said in pairwise(body):
            if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
                continue
            if isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant):
                found[field.target.id] = str(said.value.value)
    return found
