"""The tree: against published vectors, the definitions of RFC 6962 written down naively, and a library."""

import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tlog_scales.tlog import ConsistencyProof, InclusionProof

from timebank.proofs.merkle import (
    EMPTY_ROOT,
    Edge,
    ProofError,
    Span,
    check_consistency,
    check_inclusion,
    complete,
    consistency,
    inclusion,
    joined,
)

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "merkle-vectors.json").read_text(encoding="utf8"))
"""Of the project transparency-dev/merkle (Apache-2.0), `testdata/`, at 417fb0c."""

OTHERWISE = {"size1 is zero and size2 is not zero"}
"""Refused there as meaningless; here the empty tree is the beginning of every tree, as in C2SP's tlog-witness."""

LEAVES = [sha256(b"\x00" + bytes([n % 256, n // 256])).digest() for n in range(600)]


# The definitions of RFC 6962, 2.1, as they are written there


def mth(leaves: list[bytes]) -> bytes:
    """Merkle Tree Hash."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    k = largest_power_of_two_below(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """Merkle Audit Path."""
    if len(leaves) == 1:
        return []
    k = largest_power_of_two_below(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], is_whole: bool = True) -> list[bytes]:
    """Merkle Consistency Proof."""
    if m == len(leaves):
        return [] if is_whole else [mth(leaves)]
    k = largest_power_of_two_below(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], is_whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def largest_power_of_two_below(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def hashes(spans: list[Span]) -> list[bytes]:
    """What a proof of these spans says, each made of the complete subtrees that it consists of."""
    return [joined([mth(LEAVES[each.start : each.end]) for each in complete(span)]) for span in spans]


sizes = st.integers(1, len(LEAVES))


@pytest.mark.parametrize("vector", VECTORS["inclusion"], ids=lambda vector: vector["desc"])
def test_published_inclusion_proofs(vector: dict[str, Any]) -> None:
    """Good proofs are accepted, and each of the spoilt ones is refused."""
    proof = [b64decode(each) for each in vector["proof"] or ()]
    binds = b64decode(vector["leafHash"]), vector["leafIdx"], vector["treeSize"], proof, b64decode(vector["root"])
    if vector["wantErr"]:
        with pytest.raises(ProofError):
            check_inclusion(*binds)
    else:
        check_inclusion(*binds)


@pytest.mark.parametrize("vector", VECTORS["consistency"], ids=lambda vector: vector["desc"])
def test_published_consistency_proofs(vector: dict[str, Any]) -> None:
    """Good proofs are accepted, and each of the spoilt ones is refused."""
    proof = [b64decode(each) for each in vector["proof"] or ()]
    old, new = (vector["size1"], b64decode(vector["root1"])), (vector["size2"], b64decode(vector["root2"]))
    if vector["wantErr"] and vector["desc"] not in OTHERWISE:
        with pytest.raises(ProofError):
            check_consistency(*old, *new, proof)
    else:
        check_consistency(*old, *new, proof)


@given(size=st.integers(0, len(LEAVES)), seam=st.integers(0, len(LEAVES)))
def test_the_edge_has_the_root(size: int, seam: int) -> None:
    """However many leaves there are, and wherever one goes on from, the right edge comes to the root as defined."""
    edge = Edge()
    for leaf in LEAVES[: min(seam, size)]:
        edge.add(leaf)
    edge = edge.copy()
    for leaf in LEAVES[edge.size : size]:
        edge.add(leaf)
    assert (edge.size, edge.root) == (size, mth(LEAVES[:size]))


@given(size=sizes, chance=st.data())
def test_a_leaf_is_proved_to_be_in_the_tree(size: int, chance: st.DataObject) -> None:
    """A proof says what the definition says; we and the library accept it, and no other leaf, place or root."""
    index, other = chance.draw(st.integers(0, size - 1)), chance.draw(st.integers(0, size - 1))
    root, proof = mth(LEAVES[:size]), hashes(inclusion(index, size))
    assert proof == path(index, LEAVES[:size])
    check_inclusion(LEAVES[index], index, size, proof, root)
    InclusionProof(index, size, proof).check(LEAVES[index], root)
    if other != index:
        with pytest.raises(ProofError):
            check_inclusion(LEAVES[other], index, size, proof, root)
        with pytest.raises(ProofError):
            check_inclusion(LEAVES[index], other, size, proof, root)
    with pytest.raises(ProofError):
        check_inclusion(LEAVES[index], index, size, proof, EMPTY_ROOT)


@given(new=sizes, chance=st.data())
def test_a_tree_is_proved_to_be_the_beginning_of_a_later_one(new: int, chance: st.DataObject) -> None:
    """A proof says what the definition says; we and the library accept it, and neither for any other root."""
    old = chance.draw(st.integers(1, new))
    roots, proof = (mth(LEAVES[:old]), mth(LEAVES[:new])), hashes(consistency(old, new))
    assert proof == subproof(old, LEAVES[:new])
    check_consistency(old, roots[0], new, roots[1], proof)
    ConsistencyProof(old, new, proof).check(*roots)
    for wrong in ((EMPTY_ROOT, roots[1]), (roots[0], EMPTY_ROOT)):
        with pytest.raises(ProofError):
            check_consistency(old, wrong[0], new, wrong[1], proof)
    if proof:
        spoilt = [*proof[:-1], EMPTY_ROOT]
        with pytest.raises(ProofError):
            check_consistency(old, roots[0], new, roots[1], spoilt)


@given(start=st.integers(0, 2**40), length=st.integers(0, 2**20))
def test_a_span_consists_of_complete_subtrees(start: int, length: int) -> None:
    """They follow each other without a gap, and each starts at a multiple of its length, a power of two."""
    pieces = list(complete(Span(start, start + length)))
    assert [each.start for each in pieces] == [start, *(each.end for each in pieces[:-1])][: len(pieces)]
    assert sum(each.end - each.start for each in pieces) == length
    for each in pieces:
        size = each.end - each.start
        assert size & (size - 1) == 0
        assert each.start % size == 0
