"""`akadia node …`: which nodes have asked for vectors, and the INDs that they have."""

from typing import Annotated

from cyclopts import App, Parameter

from hss.provisioning import nodes
from hss.provisioning.cli_session import ConfigFile, Json, change, looking, print_fields, print_rows

_HELP = """\
Nodes that ask for vectors (AAA servers, MMEs), and the IND of each (TS 33.102 Annex C.1.2).

A USIM keeps apart what comes by different INDs, so each node has one of its own; with the
usual 5 bits there are 32, and the 33rd node is refused. Free those of nodes that are gone for
good. HSS processes that run notice at once: a node that asks again all the same gets another
IND. Whatever vectors it still keeps are worth nothing once somebody else has its old one.

    akadia --config FILE node list
    akadia --config FILE node free old-mme.example
    akadia --config FILE node free 'aaa.example|hss-2'
"""
_COLUMNS = {"name": 40, "ind_bits": 3, "ind": 6, "counts": 8, "used": 26}


def node_app(config: ConfigFile) -> App:
    """The group of commands, for the front door to hang under its own."""
    app = App(name="node", help=_HELP, help_format="plaintext")

    @app.command(name="list")
    def list_(*, json: Json = False) -> None:
        """List nodes: name, length of IND, IND, how SQN is counted for it, and when it last asked.

        Where an HSS instance counts for itself (reserve, time) its name follows behind "|". A node may
        have asked up to five minutes later than is said; "-" is one of whom that was never written down.
        """
        with looking(config()) as connection:
            rows = nodes.listed(connection)
        print_rows(rows, _COLUMNS, "node", as_json=json)

    @app.command
    def free(name: Annotated[str, Parameter(show_default=False)], *, json: Json = False) -> None:
        """Take the IND of a node that is gone for good, so that another one can have it.

        A node that has asked in the last 15 minutes keeps it. The one that was freed first is
        given first, and none of them while there are INDs that nobody has had.

        Parameters
        ----------
        name
            As node list shows it, in quotes where it has a "|".
        """
        with change(config()) as one:
            freed = nodes.free(one, name)
        inds = [{"ind_bits": each["ind_bits"], "ind": each["ind"]} for each in freed]
        said = [f"IND {each['ind']} of {each['ind_bits']} bits" for each in freed]
        print_fields({"name": freed[0]["name"], "freed": inds if json else said}, as_json=json)

    return app
