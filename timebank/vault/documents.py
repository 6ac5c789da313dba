"""Who has which document number, while commands that change it are decided one after the other."""

from collections.abc import Mapping

from timebank.domain.identifiers import VolunteerId
from timebank.domain.person import Person


class Documents:
    """The document numbers that some commands name, and who has each of them."""

    def __init__(self, holders: Mapping[str, VolunteerId]) -> None:
        self._holders = dict(holders)
        self._numbers = {holder: number for number, holder in holders.items()}

    def are_taken(self, person: Person) -> bool:
        """Whether the document number of this person is somebody else's."""
        holder = self._holders.get(person.document_number) if person.document_number else None
        return holder is not None and holder != person.volunteer_id

    def take(self, person: Person) -> None:
        """Note that a person now has the document number given, in place of any before; without one nothing changes."""
        if person.document_number is None:
            return
        self._holders.pop(self._numbers.pop(person.volunteer_id, ""), None)
        if person.document_number:
            self._holders[person.document_number] = person.volunteer_id
            self._numbers[person.volunteer_id] = person.document_number
