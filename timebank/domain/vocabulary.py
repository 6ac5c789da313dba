"""The vocabulary: every fact there is, by its topic."""

from timebank.domain.facts import bank, credit, organisations, people, service
from timebank.domain.kernel import Fact

FACTS: dict[str, type[Fact]] = {
    value.TOPIC: value
    for module in (bank, people, organisations, credit, service)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, Fact) and value is not Fact
}
