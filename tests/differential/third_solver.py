"""A third solver: SCIP on the second solver's model, as linear rows, in a process of its own.

``python -m differential.third_solver FIRST COUNT`` prints a line of JSON per seed. The model is the
one that CP-SAT gets (written from twin and rules, sharing nothing with the formulation); here its
tables become convex combinations and its enforced rows indicators. Rows are divided by their
largest coefficient, for SCIP calculates in floating point.
"""

from __future__ import annotations

import sys

import numpy as np
from differential.second_solver import Model, answer_seeds
from ortools.linear_solver.python import model_builder

LARGEST = 2**60
_WIDE = 10_000
"""Numbers with more values than this may be fractional: a table or a sum fixes them anyway."""


class Rows:
    """The linear form of a model of CP-SAT, for any solver of mixed-integer programs."""

    def __init__(self, model: Model) -> None:
        self.proto, self.mip = model.cp.proto, model_builder.Model()
        self.variables = [self._variable(list(one.domain)) for one in self.proto.variables]
        for constraint in self.proto.constraints:
            self._add(constraint)
        variables, costs = self._terms(self.proto.objective)
        pairs = zip(variables, costs.tolist(), strict=True)
        cost = sum(one * value for one, value in pairs)
        self.mip.minimize(cost + self.proto.objective.offset)

    def _variable(self, domain: list[int]):
        low, high = domain[0], domain[-1]
        if len(domain) != 2:
            raise ValueError(f"a domain with holes: {domain}")
        if high - low > _WIDE:
            size = float(max(abs(low), abs(high)))
            return self.mip.new_num_var(low / size, high / size, ""), size
        return self.mip.new_int_var(low, high, ""), 1.0

    def _literal(self, index: int):
        """Return a literal; a negative index is its opposite."""
        return self.variables[index][0] if index >= 0 else 1 - self.variables[-index - 1][0]

    def _terms(self, row) -> tuple[list, np.ndarray]:
        """Return the variables of a row and their coefficients in the scale of the variables."""
        found = [self.variables[int(index)] for index in row.vars]
        sizes = np.array([size for _, size in found], dtype=float)
        return [one for one, _ in found], sizes * np.array(row.coeffs, dtype=float)

    def _add(self, constraint) -> None:
        if constraint.has_linear():
            self._linear(constraint)
        elif constraint.has_exactly_one():
            self.mip.add(self._sum(constraint.exactly_one.literals) == 1)
        elif constraint.has_bool_or():
            off = [-int(one) - 1 for one in constraint.enforcement_literal]
            self.mip.add(self._sum([*constraint.bool_or.literals, *off]) >= 1)
        elif constraint.has_bool_and():
            for one in constraint.enforcement_literal:
                for other in constraint.bool_and.literals:
                    self.mip.add(self._literal(int(one)) <= self._literal(int(other)))
        elif constraint.has_element():
            self._element(constraint.element)
        else:
            raise ValueError(f"no linear form of {constraint}")

    def _sum(self, literals):
        return sum(self._literal(int(one)) for one in literals)

    def _linear(self, constraint) -> None:
        row = constraint.linear
        variables, coefficients = self._terms(row)
        scale = float(np.abs(coefficients).max(initial=0.0)) or 1.0
        pairs = zip(variables, (coefficients / scale).tolist(), strict=True)
        total = sum(one * value for one, value in pairs)
        low, high = (int(bound) for bound in row.domain)
        parts = []
        if low > -LARGEST:
            parts.append(total >= low / scale)
        if high < LARGEST:
            parts.append(total <= high / scale)
        for part in parts:
            self._enforced(part, [int(one) for one in constraint.enforcement_literal])

    def _enforced(self, row, literals: list[int]) -> None:
        if isinstance(row, bool):  # a row without variables
            if not row:
                self.mip.add(self._sum(literals) <= len(literals) - 1)
        elif not literals:
            self.mip.add(row)
        else:
            (literal,) = literals
            index, wanted = (literal, True) if literal >= 0 else (-literal - 1, False)
            self.mip.add_enforced(row, self.variables[index][0], wanted)

    def _element(self, element) -> None:
        """A table: one entry is chosen, index and target are its place and value."""
        values = np.array([int(one.offset) for one in element.exprs], dtype=float)
        chosen = [self.mip.new_bool_var("") for _ in values]
        self.mip.add(sum(chosen) == 1)
        self._is_table(element.linear_index, np.arange(len(values), dtype=float), chosen)
        self._is_table(element.linear_target, values, chosen)

    def _is_table(self, expression, values: np.ndarray, chosen: list) -> None:
        """An expression is the value of the chosen entry."""
        variables, coefficients = self._terms(expression)
        scale = max(1.0, float(np.abs(values).max()))
        pairs = zip(variables, (coefficients / scale).tolist(), strict=True)
        left = sum(one * value for one, value in pairs) + expression.offset / scale
        pairs = zip(chosen, (values / scale).tolist(), strict=True)
        self.mip.add(left == sum(one * value for one, value in pairs))


def solve_by_scip(model: Model) -> float | None:
    """Return the least cost by SCIP, ``None`` when it says that there is no plan."""
    solver = model_builder.Solver("scip")
    status = solver.solve(Rows(model).mip)
    if status == model_builder.SolveStatus.OPTIMAL:
        return float(solver.objective_value)
    if status == model_builder.SolveStatus.INFEASIBLE:
        return None
    raise RuntimeError(f"SCIP: {status}")


if __name__ == "__main__":
    answer_seeds(solve_by_scip, int(sys.argv[1]), int(sys.argv[2]))
