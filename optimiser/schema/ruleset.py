"""Rulesets: laws, standards and schemes as dated data, without any of their text.

A ruleset says which datapoints it asks for, which limits hold from when and for whom, which classes
a figure falls into, and whether it is in force or a draft. The engine that applies it knows none of
these numbers.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from optimiser.schema.base import Document
from optimiser.schema.equipment import Name

Scalar = bool | float | date | str
Status = Literal["in_force", "draft", "repealed"]
Standing = Literal["checked", "needs_licensed_text_check", "secondary", "own_decision"]
Operator = Literal["<=", "<", ">=", ">", "==", "present"]


class Condition(Document):
    """One fact that decides whether a rule applies."""

    fact: Name
    """Name of the fact, such as rated_connection_kw or start."""
    op: Literal["<=", "<", ">=", ">", "==", "!=", "in"]
    """Comparison; dates compare as dates."""
    value: Scalar | list[Scalar]
    """Value, or the list for ``in``."""

    @model_validator(mode="after")
    def _list_with_in(self) -> Condition:
        if (self.op == "in") != isinstance(self.value, list):
            raise ValueError("'in' takes a list, the other comparisons one value")
        return self


class ExemptionGround(Document):
    """A ground on which the operator may claim not to be bound."""

    id: Name
    """Identifier that claims refer to."""
    sentence: str = Field(min_length=1)
    """The ground in a sentence of ours."""


class Rule(Document):
    """One limit or duty."""

    id: Name
    """Identifier, unique within the ruleset."""
    sentence: str = Field(min_length=1)
    """What is asked, in a sentence of ours."""
    metric: Name
    """Indicator or fact that is judged, such as pue, erf, ref, wue_pot, has_ems."""
    op: Operator
    """How the metric must stand to the threshold; ``present``: it must be reported."""
    threshold: float | bool | None = None
    """The limit, in the unit of the metric."""
    limit: Name | None = None
    """Name of a limit that the user supplies from licensed text, instead of a threshold."""
    unit: str = "1"
    """Unit of metric and threshold."""
    applies_from: date | None = None
    """First day on which it binds."""
    applies_to: date | None = None
    """Last day."""
    months_after_start: int = Field(default=0, ge=0)
    """Months after entry into operation before which it does not bind."""
    when: list[Condition] = []
    """Facts that must all hold."""
    is_annual: bool = True
    """Whether only a figure of a whole year can be judged."""
    exemptions: list[ExemptionGround] = []
    """Grounds of exemption."""
    citation: str = Field(min_length=1)
    """Article or section."""
    standing: Standing = "checked"
    """Whether the number was checked against a public text."""

    @model_validator(mode="after")
    def _has_limit(self) -> Rule:
        given = (self.threshold is not None) + (self.limit is not None)
        if self.op == "present" and given:
            raise ValueError("a rule that asks for presence has neither threshold nor limit")
        if self.op != "present" and given != 1:
            raise ValueError("give either threshold or limit")
        if isinstance(self.threshold, bool) and self.op != "==":
            raise ValueError("yes or no is compared with '=='")
        if self.applies_from and self.applies_to and self.applies_to < self.applies_from:
            raise ValueError("applies_to is before applies_from")
        return self


class Datapoint(Document):
    """One thing that must be disclosed."""

    code: str = Field(min_length=1)
    """Code of the regime."""
    id: Name
    """Our own identifier; two codes of a regime may clash, these never do."""
    title: str = Field(min_length=1)
    """What it is, in our words."""
    section: str = ""
    """Annex or table."""
    unit: str = ""
    """Unit as the regime asks for it; empty for text."""
    kind: Literal["number", "text", "choice", "date", "list", "flag"] = "number"
    """Kind of value."""
    choices: list[str] = []
    """Choices."""
    source: Name | None = None
    """Component, indicator or fact that fills it; nothing here means that a person must."""
    scale: float = Field(default=1.0, gt=0)
    """Factor from our unit to that of the regime."""
    measured_at: str = ""
    """Measurement point."""
    note: str = ""
    """Remark for whoever fills it in."""
    standing: Standing = "checked"
    """Whether code and definition were checked against a public text."""


class Indicator(Document):
    """A ratio of datapoints that a regime calculates."""

    code: str = Field(min_length=1)
    """Code of the regime."""
    numerator: list[Name]
    """Identifiers of datapoints that are added."""
    denominator: list[Name]
    """Identifiers of datapoints that are added."""
    unit: str = "1"
    """Unit."""
    scale: float = Field(default=1.0, gt=0)
    """Factor on the quotient."""
    citation: str = ""
    """Annex."""


class Check(Document):
    """A relation that the values of one disclosure must keep."""

    left: list[Name]
    """Identifiers of datapoints that are added."""
    op: Literal["<=", ">=", "=="]
    """Relation."""
    right: list[Name]
    """Identifiers of datapoints that are added."""
    severity: Literal["error", "warning"] = "error"
    """What a breach is."""
    sentence: str = Field(min_length=1)
    """The relation in words."""


class ClassBound(Document):
    """One class."""

    label: str = Field(min_length=1)
    """Letter of the class."""
    upper: float | None = None
    """Largest value of the class, itself included; nothing for the last class."""


class ClassScale(Document):
    """Classes of one metric, the best first."""

    metric: Name
    """Indicator that is classed."""
    unit: str = "1"
    """Unit."""
    classes: Annotated[list[ClassBound], Field(min_length=2)]
    """Classes with rising bounds."""

    @model_validator(mode="after")
    def _bounds_rise(self) -> ClassScale:
        bounds = [one.upper for one in self.classes]
        inner = [bound for bound in bounds[:-1] if bound is not None]
        if bounds[-1] is not None or len(inner) < len(bounds) - 1 or inner != sorted(set(inner)):
            raise ValueError("bounds must rise, and only the last class has none")
        return self


class Deadline(Document):
    """When something is due for a reporting year."""

    id: Name
    """Identifier."""
    sentence: str = Field(min_length=1)
    """What is due, in our words."""
    due: str = Field(pattern=r"^(\d{4}-)?\d{2}-\d{2}$")
    """Month and day in the year after the reporting year (MM-DD), or one date (YYYY-MM-DD)."""
    when: list[Condition] = []
    """Facts that must all hold."""
    citation: str = ""
    """Article."""


class Alias(Document):
    """The same datapoint under the identifiers of several versions of a standard."""

    id: Name
    """Our own identifier."""
    title: str = Field(min_length=1)
    """What it is, in our words."""
    unit: str = ""
    """Unit."""
    source: Name | None = None
    """Component, indicator or inventory total that fills it."""
    scale: float = Field(default=1.0, gt=0)
    """Factor from our unit to that of the standard."""
    ids: dict[str, str]
    """Version of the standard -> its identifier."""


class PracticeSection(Document):
    """A section of a list of practices, by its number and in our words."""

    number: str = Field(pattern=r"^\d+(\.\d+)*$")
    """Number."""
    title: str = Field(min_length=1)
    """Subject, in our words."""


class Ruleset(Document):
    """One law, standard or scheme in one version (``models/rulesets/disclosure/*.yaml``)."""

    format: Literal["dcopt.ruleset/1"] = "dcopt.ruleset/1"
    """Version of this document."""
    id: Name
    """Identifier, equal to the file's name."""
    title: str = Field(min_length=1)
    """Title in our words."""
    jurisdiction: Name
    """EU, a country, a state (US-CA) or GLOBAL."""
    force: Literal["law", "standard", "voluntary", "method"]
    """What kind of obligation it is."""
    status: Status
    """In force, a draft (never chosen by default), or repealed."""
    is_default: bool = True
    """Whether it is chosen for its jurisdiction when nobody names rulesets."""
    valid_from: date | None = None
    """First day of validity."""
    valid_to: date | None = None
    """Last day of validity."""
    supersedes: Name | None = None
    """Ruleset that it replaces."""
    citation: str = Field(min_length=1)
    """Official reference."""
    retrieved_at: date
    """Day on which the state of the text was read."""
    notice: str = ""
    """Sentence that stands beside every result."""
    when: list[Condition] = []
    """Facts that must hold for any of its rules."""
    datapoints: list[Datapoint] = []
    """Datapoints to be disclosed."""
    indicators: list[Indicator] = []
    """Ratios of datapoints."""
    checks: list[Check] = []
    """Relations between datapoints."""
    rules: list[Rule] = []
    """Limits and duties."""
    scales: list[ClassScale] = []
    """Class scales."""
    deadlines: list[Deadline] = []
    """Deadlines."""
    aliases: list[Alias] = []
    """Identifiers by version of the standard."""
    practice_sections: list[PracticeSection] = []
    """Sections of a list of practices."""
    parameters: dict[str, float | str] = {}
    """Numbers and words of the method, by name."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Ruleset:
        if self.status != "in_force" and self.is_default:
            raise ValueError("only a ruleset in force is a default one; write 'is_default: false'")
        for name, items in (("rules", self.rules), ("datapoints", self.datapoints),
                            ("aliases", self.aliases)):  # fmt: skip
            ids = [item.id for item in items]
            twice = sorted({one for one in ids if ids.count(one) > 1})
            if twice:
                raise ValueError(f"{name} are given twice: {', '.join(twice)}")
        known = {point.id for point in self.datapoints}
        used = [name for one in self.indicators for name in (*one.numerator, *one.denominator)]
        used += [name for one in self.checks for name in (*one.left, *one.right)]
        unknown = sorted(set(used) - known)
        if unknown:
            raise ValueError(f"there are no such datapoints: {', '.join(unknown)}")
        return self
