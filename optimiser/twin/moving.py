"""What moves cost by where they start and end, as arrays of the twin."""

from __future__ import annotations

import numpy as np

from optimiser.library.site import SiteInput
from optimiser.library.table_checks import move_classes
from optimiser.twin.variables import Variables


def move_cost_variables(variables: Variables, site_input: SiteInput) -> None:
    """Add the move class of each host and the cost of a move from class to class.

    Without a table of move costs there are no classes and every host has −1.
    """
    table, hosts = site_input.move_costs, site_input.hosts
    known = [] if table is None else list(dict.fromkeys(move_classes(hosts)))
    number = {name: index for index, name in enumerate(known)}
    cost = np.zeros((len(known), len(known)))
    if table is not None:
        source = table["source"].astype(str).map(number).to_numpy(dtype=np.int64)
        target = table["target"].astype(str).map(number).to_numpy(dtype=np.int64)
        cost[source, target] = table["cost"].to_numpy(dtype=float)
    of_host = [number.get(name, -1) for name in move_classes(hosts)]
    add = variables.add
    add("move_class", ["move_class"], known, "", "hosts alike as source and target of moves")
    add("host_move_class", ["host"], np.array(of_host, dtype=np.int32), "1", "move class")
    add("move_class_cost", ["move_class", "move_class_to"], cost, site_input.site.currency,
        "cost of a move besides that of the workload")  # fmt: skip
