"""The methods of the API documentation's page «Пользовательские переменные»."""

from __future__ import annotations

from ..models.contact import ContactVariable
from .row import Endpoint, Kind, Parameter, ParametersIn, Repeat, Shape, Trust

__all__ = ["ROWS"]

ROWS = (
    Endpoint(
        name="getContactVariables",
        http_method="GET",
        page="Пользовательские переменные",
        about="Lists the variables of a contact.",
        repeat=Repeat.SAFE,
        trust=Trust.DOCUMENTED,
        parameters=(Parameter("contact_id", Kind.INTEGER, "the contact", required=True),),
        shape=Shape.MANY,
        answer=ContactVariable,
    ),
    Endpoint(
        name="setContactVariable",
        http_method="POST",
        page="Пользовательские переменные",
        about="Creates or updates a variable of a contact.",
        repeat=Repeat.SAME_EFFECT,
        trust=Trust.DOCUMENTED,
        parameters=(
            Parameter("contact_id", Kind.INTEGER, "the contact", required=True),
            Parameter("name", Kind.STRING, "the variable's name", required=True),
            Parameter("value", Kind.STRING, "its value", required=True),
            Parameter("deletable", Kind.FLAG, "whether it is removed after an order"),
        ),
        answer=ContactVariable,
    ),
    Endpoint(
        name="deleteContactVariable",
        http_method="POST",
        page="Пользовательские переменные",
        about="Deletes a variable of a contact.",
        repeat=Repeat.SAME_EFFECT,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("contact_id", Kind.INTEGER, "the contact", required=True),
            Parameter("id", Kind.INTEGER, "the variable"),
            Parameter("name", Kind.STRING, "the variable's name"),
        ),
        parameters_in=ParametersIn.JSON,
        one_of=(("id",), ("name",)),
        shape=Shape.ANY,
    ),
)
