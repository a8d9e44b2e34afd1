"""Compiled kernels: many trees over blocks of 64 rows, a bit of a mask for each row.

All compiled code is in this file, because numba takes its cache of a function to be
good as long as the function's own file has not changed.

Rows come in blocks of 64, ordered so that the rows of a block are alike. A tree is
pruned to the nodes that a stretch of blocks (a reach, then a stride of it) can tell
apart. Then each block sends one 64-bit mask from the root to the leaves: one comparison
of 64 ranks at each node gives the bits that go left, and no row is followed on its own.
"""

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from soilresp.forest.cache import writable_cache

numba.config.CACHE_DIR = writable_cache(__file__)

__all__ = [
    "BLOCK", "STRIDE", "REACH", "TILE", "pack", "side_by_side", "sum_leaves", "add_members",
    "add_amounts", "share_amounts", "list_members", "summarise", "kd_order",
]

BLOCK = 64
"""Rows in a block: one for each bit of a mask."""

STRIDE = 8
"""Blocks that share a pruned tree."""

REACH = 256
"""Blocks whose trees are pruned together before."""

TILE = 32
"""Trees summed in single precision before they are added up in double."""

_U16, _U32, _F32 = ir.IntType(16), ir.IntType(32), ir.FloatType()
_I64 = ir.IntType(64)

# A node in 64 bits: the left child (the right one is the next), the rank, the feature. A
# leaf has the number of features for its feature, and other contents for a child and a
# rank, which stay with it when the tree is pruned. Unsigned throughout: numba has a signed
# index count from the end if it is negative, and the test for that costs.
_CHILD, _RANK = np.uint64(32), np.uint64(16)
_FEATURE, _RANKS = np.uint64(0xFFFF), np.uint64(0xFFFF)
_RANK_BITS, _BELOW_CHILD = np.uint64(0xFFFF0000), np.uint64(0xFFFFFFFF)
_ALL, _LANES = np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64(BLOCK)
_ONE, _TWO = np.uint64(1), np.uint64(2)


def pack(feature, rank, left, n_features):
    """Pack nodes into 64-bit numbers.

    Parameters
    ----------
    feature : numpy.ndarray of int, shape (n,)
        -1 for a leaf.
    rank : numpy.ndarray of int, shape (n,)
        A row goes left if its rank is at most this. In a leaf any number below 65,535.
    left : numpy.ndarray of int, shape (n,)
        Left child; the right one is the next. In a leaf any number of 32 bits.
    n_features : int

    Returns
    -------
    numpy.ndarray of uint64, shape (n,)
    """
    feature = np.where(feature < 0, n_features, feature).astype(np.uint64)
    return (left.astype(np.uint64) << _CHILD) | (rank.astype(np.uint64) << _RANK) | feature


def _splat(builder, value, kind):
    vector = ir.VectorType(kind, BLOCK)
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(_U32, 0))
    zeros = ir.Constant(ir.VectorType(_U32, BLOCK), [0] * BLOCK)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), zeros)


def _lanes(builder, mask):
    return builder.bitcast(mask, ir.VectorType(ir.IntType(1), BLOCK))


def _pointer(context, builder, kind, array, offset, lane):
    """Address of a run of lanes in a one-dimensional array, as a vector of them."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [offset]), ir.PointerType(ir.VectorType(lane, BLOCK)))


@intrinsic
def _not_above(typing_context, ranks, offset, threshold):
    """Mask of the 64 ranks from an offset on that are at most a threshold."""

    def generate(context, builder, signature, arguments):
        array, first, level = arguments
        place = _pointer(context, builder, signature.args[0], array, first, _U16)
        values = builder.load(place, align=2)
        below = builder.icmp_unsigned("<=", values, _splat(builder, level, _U16))
        return builder.bitcast(below, _I64)

    return types.uint64(ranks, types.int64, types.uint16), generate


@intrinsic
def _add_where(typing_context, sums, offset, mask, amount):
    """Add an amount to those of 64 whole numbers whose bit is set."""

    def generate(context, builder, signature, arguments):
        array, first, bits, value = arguments
        place = _pointer(context, builder, signature.args[0], array, first, _U32)
        old = builder.load(place, align=4)
        zero = ir.Constant(ir.VectorType(_U32, BLOCK), [0] * BLOCK)
        new = builder.select(_lanes(builder, bits), _splat(builder, value, _U32), zero)
        builder.store(builder.add(old, new), place, align=4)
        return context.get_dummy_value()

    return types.void(sums, types.int64, types.uint64, types.uint32), generate


@intrinsic
def _add_leaves(typing_context, masks, slots, chosen, first, second, n, sums):
    """Add two numbers of each chosen leaf to the rows of its mask; sums stay in registers."""

    def generate(context, builder, signature, arguments):
        data = [
            context.make_array(kind)(context, builder, value).data
            for kind, value in zip(signature.args, arguments, strict=True)
            if isinstance(kind, types.Array)
        ]
        masks, slots, chosen, first, second, sums = data
        n = arguments[5]
        vector = ir.VectorType(_F32, BLOCK)
        places = [
            builder.bitcast(builder.gep(sums, [ir.Constant(_I64, i * BLOCK)]), vector.as_pointer())
            for i in range(2)
        ]
        start = [builder.load(place, align=4) for place in places]
        before = builder.block
        head = builder.append_basic_block("head")
        body = builder.append_basic_block("body")
        done = builder.append_basic_block("done")
        builder.branch(head)
        builder.position_at_end(head)
        i = builder.phi(_I64)
        i.add_incoming(ir.Constant(_I64, 0), before)
        state = [builder.phi(vector) for _ in places]
        for phi, value in zip(state, start, strict=True):
            phi.add_incoming(value, before)
        builder.cbranch(builder.icmp_signed("<", i, n), body, done)
        builder.position_at_end(body)
        leaf = builder.zext(builder.load(builder.gep(chosen, [i])), _I64)
        slot = builder.zext(builder.load(builder.gep(slots, [leaf])), _I64)
        lanes = _lanes(builder, builder.load(builder.gep(masks, [slot])))
        for phi, amounts in zip(state, (first, second), strict=True):
            amount = _splat(builder, builder.load(builder.gep(amounts, [leaf])), _F32)
            phi.add_incoming(builder.select(lanes, builder.fadd(phi, amount), phi), body)
        i.add_incoming(builder.add(i, ir.Constant(_I64, 1)), body)
        builder.branch(head)
        builder.position_at_end(done)
        for phi, place in zip(state, places, strict=True):
            builder.store(phi, place, align=4)
        return context.get_dummy_value()

    return types.void(masks, slots, chosen, first, second, types.int64, sums), generate


@intrinsic
def _lowest(typing_context, mask):
    """Position of the lowest bit that is set."""

    def generate(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


@numba.njit(cache=True, nogil=True, inline="always")
def _find(at, nodes, low, high):
    """Go down to the first node that a box of ranks lies on both sides of, or to a leaf."""
    while True:
        node = nodes[at]
        feature, rank = node & _FEATURE, (node >> _RANK) & _RANKS
        if high[feature] <= rank:
            at = node >> _CHILD
        elif low[feature] > rank:
            at = (node >> _CHILD) + _ONE
        else:
            return node


@numba.njit(cache=True, nogil=True)
def _prune(root, n_features, low, high, nodes, base, to_nodes):
    """Copy the part of a tree that a box of ranks can reach, breadth first, without detours.

    Returns where the next tree may begin.
    """
    i, n = np.uint64(base), np.uint64(base) + _ONE
    to_nodes[i] = root
    while i < n:
        node = _find(to_nodes[i], nodes, low, high)
        if node & _FEATURE == n_features:
            to_nodes[i] = node
        else:
            child = node >> _CHILD
            to_nodes[n], to_nodes[n + _ONE] = child, child + _ONE
            to_nodes[i] = (n << _CHILD) | (node & _BELOW_CHILD)
            n += _TWO
        i += _ONE
    return n


@numba.njit(cache=True, nogil=True)
def _lay_out(roots, n_features, low, high, nodes, queue, masks, inner, slots, leaves, contents):
    """Prune trees once more, into a list of inner nodes and one of leaves.

    Every node has a slot in `masks`, where the roots' masks are set. An inner node is
    kept as the slot of its left child (the right one's is the next), its rank and the
    first lane of its feature; `slots` has its own slot. A leaf is kept as its slot, in
    `leaves`, and its node.
    """
    n_inner = n_leaves = base = np.uint64(0)
    for t in range(roots.size):
        i, n = base, base + _ONE
        masks[base] = _ALL
        queue[i] = roots[t]
        while i < n:
            node = _find(queue[i], nodes, low, high)
            if node & _FEATURE == n_features:
                leaves[n_leaves], contents[n_leaves] = i, node
                n_leaves += _ONE
            else:
                child = node >> _CHILD
                queue[n], queue[n + _ONE] = child, child + _ONE
                lane = (node & _FEATURE) * _LANES
                inner[n_inner] = (n << _CHILD) | (node & _RANK_BITS) | lane
                slots[n_inner] = i
                n_inner += _ONE
                n += _TWO
            i += _ONE
        base = n
    return n_inner, n_leaves


@numba.njit(cache=True, nogil=True)
def _box(table, bounds, first, last, low, high):
    """Lowest and highest rank of each feature in a stretch of blocks; all ranks for a leaf."""
    n_features = bounds.shape[1]
    for f in range(n_features):
        least, most = bounds[first, f, 0], bounds[first, f, 1]
        for b in range(first + 1, last):
            least, most = min(least, bounds[b, f, 0]), max(most, bounds[b, f, 1])
        low[f], high[f] = table[least], table[most]
    low[n_features], high[n_features] = 0, 65_535


@numba.njit(cache=True, nogil=True)
def _descend(binned, base, n_inner, masks, inner, slots):
    """Pass the masks of one block down from the roots to the leaves."""
    for j in range(n_inner):
        node = inner[j]
        at, rank = base + (node & _FEATURE), np.uint16((node >> _RANK) & _RANKS)
        below = _not_above(binned, np.int64(at), rank)
        mask = masks[slots[j]]
        left = node >> _CHILD
        masks[left] = mask & below
        masks[left + _ONE] = mask & ~below


@numba.njit(cache=True, nogil=True)
def _reached(masks, leaves, n_leaves, chosen):
    """List the leaves that some row of the block is in."""
    n = np.uint64(0)
    for j in range(n_leaves):
        chosen[n] = j
        n += np.uint64(masks[leaves[j]] != 0)
    return np.int64(n)


@numba.njit(cache=True, nogil=True)
def _bin(table, index, first, last, binned):
    """Ranks of the rows of some blocks among the thresholds."""
    at = 0
    for b in range(first, last):
        for f in range(index.shape[1]):
            for i in range(BLOCK):
                binned[at] = table[index[b, f, i]]
                at += 1


@numba.njit(cache=True, nogil=True)
def _largest(starts):
    """Nodes of the largest tile."""
    n_trees, most = starts.size - 1, 0
    for t in range(0, n_trees, TILE):
        most = max(most, starts[min(t + TILE, n_trees)] - starts[t])
    return most


@numba.njit(cache=True, nogil=True)
def sum_leaves(index, bounds, table, starts, nodes, value, variance, first, last, out):
    """Sum the mean and the mean square of the leaf that each row is in over all trees.

    Parameters
    ----------
    index : uint32 array, shape (n_blocks, p, 64)
        Places of the rows' values in `table`.
    bounds : uint32 array, shape (n_blocks, p, 2)
        Lowest and highest place of each block.
    table : uint16 array
        Rank among the thresholds of every value of every predictor.
    starts : int64 array, shape (n_trees + 1,)
        Root of each tree.
    nodes : uint64 array, shape (n_nodes,)
        From `pack`; a leaf's child is its place in `value` and `variance`.
    value, variance : float64 array, shape (n_nodes,)
    first, last : int
        Blocks to work on.
    out : float64 array, shape (2, n_blocks, 64)
        Added to.
    """
    n_features, n_trees, size = index.shape[1], starts.size - 1, _largest(starts) + 2
    p = np.uint64(n_features)
    reach_nodes = np.empty(size, np.uint64)
    roots, queue = np.empty(TILE, np.uint64), np.empty(size, np.uint64)
    masks, inner = np.empty(size, np.uint64), np.empty(size, np.uint64)
    slots, leaves = np.empty(size, np.uint32), np.empty(size, np.uint32)
    contents, chosen = np.empty(size, np.uint64), np.empty(size, np.uint32)
    leaf_mean, leaf_square = np.empty(size, np.float32), np.empty(size, np.float32)
    low, high = np.empty(n_features + 1, np.uint64), np.empty(n_features + 1, np.uint64)
    binned = np.empty(REACH * n_features * BLOCK, np.uint16)
    sums = np.empty(2 * BLOCK, np.float32)
    for reach in range(first, last, REACH):
        reach_end = min(reach + REACH, last)
        _bin(table, index, reach, reach_end, binned)
        for tile in range(0, n_trees, TILE):
            n_tile = min(TILE, n_trees - tile)
            _box(table, bounds, reach, reach_end, low, high)
            n = np.uint64(0)
            for t in range(n_tile):
                roots[t] = n
                n = _prune(starts[tile + t], p, low, high, nodes, n, reach_nodes)
            for stride in range(reach, reach_end, STRIDE):
                stride_end = min(stride + STRIDE, reach_end)
                _box(table, bounds, stride, stride_end, low, high)
                n_inner, n_leaves = _lay_out(
                    roots[:n_tile], p, low, high, reach_nodes, queue, masks, inner, slots,
                    leaves, contents,
                )
                # Single precision holds best what is near to zero: counted from that value of
                # the leaves at hand which is nearest to it, no distance exceeds the value.
                least = most = value[contents[0] >> _CHILD]
                for j in range(n_leaves):
                    leaf = contents[j] >> _CHILD
                    least, most = min(least, value[leaf]), max(most, value[leaf])
                centre = min(max(0.0, least), most)
                for j in range(n_leaves):
                    leaf = contents[j] >> _CHILD
                    deviation = value[leaf] - centre
                    leaf_mean[j] = deviation
                    leaf_square[j] = deviation * deviation + variance[leaf]
                for b in range(stride, stride_end):
                    base = np.uint64((b - reach) * n_features * BLOCK)
                    _descend(binned, base, n_inner, masks, inner, slots)
                    n_chosen = _reached(masks, leaves, n_leaves, chosen)
                    sums[:] = 0
                    _add_leaves(masks, leaves, chosen, leaf_mean, leaf_square, n_chosen, sums)
                    for i in range(BLOCK):
                        deviation = np.float64(sums[i])
                        out[0, b, i] += deviation + n_tile * centre
                        out[1, b, i] += sums[BLOCK + i] + centre * (2 * deviation + n_tile * centre)


@numba.njit(cache=True, nogil=True)
def add_members(index, bounds, table, starts, nodes, members, first, last, origin, out):
    """Add the weights of the training values in each row's leaf over all trees.

    Parameters
    ----------
    index, bounds, table, starts, first, last
        As in `sum_leaves`.
    nodes : uint64 array, shape (n_nodes,)
        From `pack`; a leaf's child is the place of its first member, its rank their number.
    members : uint64 array
        From `list_members`.
    origin : int
        Block that is the first of `out`.
    out : uint32 array, shape (blocks, n_values, 64)
        Added to.
    """
    n_features, n_trees, size = index.shape[1], starts.size - 1, _largest(starts) + 2
    p = np.uint64(n_features)
    reach_nodes = np.empty(nodes.size + 2, np.uint64)
    roots, queue = np.empty(n_trees, np.uint64), np.empty(size, np.uint64)
    masks, inner = np.empty(size, np.uint64), np.empty(size, np.uint64)
    slots, leaves = np.empty(size, np.uint32), np.empty(size, np.uint32)
    contents, chosen = np.empty(size, np.uint64), np.empty(size, np.uint32)
    low, high = np.empty(n_features + 1, np.uint64), np.empty(n_features + 1, np.uint64)
    binned = np.empty(REACH * n_features * BLOCK, np.uint16)
    # Members of the leaves at hand, side by side; a tile's leaves have no more than all.
    most = 0
    for tile in range(0, n_trees, TILE):
        n_members = 0
        for i in range(starts[tile], starts[min(tile + TILE, n_trees)]):
            if nodes[i] & _FEATURE == p:
                n_members += np.int64((nodes[i] >> _RANK) & _RANKS)
        most = max(most, n_members)
    near_start, near = np.empty(size + 1, np.uint64), np.empty(most, np.uint64)
    n_values = out.shape[1]
    flat = out.reshape(-1)
    for reach in range(first, last, REACH):
        reach_end = min(reach + REACH, last)
        _bin(table, index, reach, reach_end, binned)
        _box(table, bounds, reach, reach_end, low, high)
        n = np.uint64(0)
        for t in range(n_trees):
            roots[t] = n
            n = _prune(starts[t], p, low, high, nodes, n, reach_nodes)
        # All trees of a stride in turn: the rows' weights then stay in the processor's cache.
        for stride in range(reach, reach_end, STRIDE):
            stride_end = min(stride + STRIDE, reach_end)
            _box(table, bounds, stride, stride_end, low, high)
            for tile in range(0, n_trees, TILE):
                n_inner, n_leaves = _lay_out(
                    roots[tile : tile + TILE], p, low, high, reach_nodes, queue, masks, inner,
                    slots, leaves, contents,
                )
                n = np.uint64(0)
                for j in range(n_leaves):
                    near_start[j] = n
                    m = contents[j] >> _CHILD
                    end = m + ((contents[j] >> _RANK) & _RANKS)
                    while m < end:
                        near[n] = members[m]
                        n += _ONE
                        m += _ONE
                near_start[n_leaves] = n
                for b in range(stride, stride_end):
                    base = np.uint64((b - reach) * n_features * BLOCK)
                    _descend(binned, base, n_inner, masks, inner, slots)
                    n_chosen = _reached(masks, leaves, n_leaves, chosen)
                    block = (b - origin) * n_values * BLOCK
                    for j in range(n_chosen):
                        leaf = np.uint64(chosen[j])
                        mask = masks[leaves[leaf]]
                        for m in range(near_start[leaf], near_start[leaf + _ONE]):
                            at = block + np.int64((near[m] >> _CHILD) * _LANES)
                            weight = np.uint32(near[m] & _BELOW_CHILD)
                            _add_where(flat, at, mask, weight)


@numba.njit(cache=True, nogil=True)
def add_amounts(index, bounds, table, starts, nodes, amount, group, first, last, out):
    """Add an amount of each row to the leaf of every tree that it is in.

    Parameters
    ----------
    index, bounds, table, starts, nodes, first, last
        As in `sum_leaves`.
    amount : int64 array, shape (n_blocks, 64)
        Whole numbers, so that their order does not matter.
    group : int32 array, shape (n_blocks, 64)
        Column of `out` that each row is counted in.
    out : int64 array, shape (n_nodes, n_groups)
        Added to.
    """
    n_features, n_trees, size = index.shape[1], starts.size - 1, _largest(starts) + 2
    p = np.uint64(n_features)
    masks, inner = np.empty(size, np.uint64), np.empty(size, np.uint64)
    slots, leaves = np.empty(size, np.uint32), np.empty(size, np.uint32)
    contents, chosen = np.empty(size, np.uint64), np.empty(size, np.uint32)
    low, high = np.empty(n_features + 1, np.uint64), np.empty(n_features + 1, np.uint64)
    binned, queue = np.empty(STRIDE * n_features * BLOCK, np.uint16), np.empty(size, np.uint64)
    for stride in range(first, last, STRIDE):
        stride_end = min(stride + STRIDE, last)
        _bin(table, index, stride, stride_end, binned)
        _box(table, bounds, stride, stride_end, low, high)
        for tile in range(0, n_trees, TILE):
            n_inner, n_leaves = _lay_out(
                starts[tile : min(tile + TILE, n_trees)], p, low, high, nodes, queue, masks,
                inner, slots, leaves, contents,
            )
            for b in range(stride, stride_end):
                base = np.uint64((b - stride) * n_features * BLOCK)
                _descend(binned, base, n_inner, masks, inner, slots)
                for j in range(_reached(masks, leaves, n_leaves, chosen)):
                    leaf = np.uint64(chosen[j])
                    place, mask = contents[leaf] >> _CHILD, masks[leaves[leaf]]
                    while mask:
                        i = _lowest(mask)
                        out[place, group[b, i]] += amount[b, i]
                        mask &= mask - _ONE


@numba.njit(cache=True, nogil=True)
def share_amounts(x, count, starts, feature, threshold, left, amount):
    """Divide the amounts of each leaf among its in-bag records, repeats counted.

    Parameters
    ----------
    x : float32 array, shape (n, p)
    count : uint8 array, shape (n_trees, n)
        How often each record is in each tree's bag.
    starts, feature, threshold, left
        Of `soilresp.forest.trees.Trees`.
    amount : float64 array, shape (n_nodes, n_groups)

    Returns
    -------
    float64 array, shape (n, n_groups)
        Sums over the trees, in their order.
    """
    n_trees, n = count.shape
    out = np.zeros((n, amount.shape[1]))
    leaf, size = np.empty(n, np.int64), np.zeros(feature.size, np.int64)
    for t in range(n_trees):
        for i in range(n):
            node = starts[t]
            while feature[node] >= 0:
                node = left[node] + (x[i, feature[node]] > threshold[node])
            leaf[i] = node
            size[node] += count[t, i]
        for i in range(n):
            if count[t, i]:
                part = count[t, i] / size[leaf[i]]
                for k in range(amount.shape[1]):
                    out[i, k] += amount[leaf[i], k] * part
    return out


@numba.njit(cache=True, nogil=True)
def list_members(x, count, position, starts, feature, threshold, left, units):
    """List the values in each leaf and cut the leaf's units up among them.

    Parameters
    ----------
    x : float32 array, shape (n, p)
        Predictors of the training records, which are in the order of their values.
    count : uint8 array, shape (n_trees, n)
        How often each record is in each tree's bag.
    position : int64 array, shape (n,)
        Position of each record's value.
    starts, feature, threshold, left
        Of `soilresp.forest.trees.Trees`.
    units : int
        To be shared out in each leaf.

    Returns
    -------
    start : uint64 array, shape (n_nodes + 1,)
        Where the members of each node begin; a node that is no leaf has none.
    members : uint64 array
        Position of each member's value, and in the lower half its share of the units.
    """
    n_trees, n = count.shape
    size = np.zeros(feature.size, np.int64)
    start = np.zeros(feature.size + 1, np.uint64)
    latest = np.full(feature.size, -1)
    leaf = np.empty((n_trees, n), np.int32)
    for t in range(n_trees):
        for i in range(n):
            if count[t, i]:
                node = starts[t]
                while feature[node] >= 0:
                    node = left[node] + (x[i, feature[node]] > threshold[node])
                leaf[t, i] = node
                size[node] += count[t, i]
                if latest[node] != position[i]:
                    latest[node] = position[i]
                    start[node + 1] += _ONE
    for node in range(feature.size):
        start[node + 1] += start[node]
    members = np.empty(start[-1], np.uint64)
    end, seen = start[:-1].copy(), np.zeros(feature.size, np.int64)
    given = np.zeros(feature.size, np.int64)
    latest[:] = -1
    for t in range(n_trees):
        for i in range(n):
            if count[t, i]:
                node = leaf[t, i]
                if latest[node] != position[i]:
                    latest[node] = position[i]
                    members[end[node]] = np.uint64(position[i]) << _CHILD
                    end[node] += _ONE
                seen[node] += count[t, i]
                # The units of all values so far are rounded, so that errors do not add up.
                due = (2 * units * seen[node] + size[node]) // (2 * size[node])
                members[end[node] - _ONE] += np.uint64(due - given[node])
                given[node] = due
    return start, members


@numba.njit(cache=True, nogil=True)
def _count(values, level, strictly):
    """Number of the sorted values below a level, or up to it."""
    low, n = 0, values.size
    while n > 0:
        half = n // 2
        value = values[low + half]
        if value < level or (not strictly and value == level):
            low += half + 1
            n -= half + 1
        else:
            n = half
    return low


@numba.njit(cache=True, nogil=True)
def _deviation(values, reached, lane, middle, low, high, half):
    """Smallest distance of a value from the median within which half of the weight lies.

    Less than half lies strictly between the values at `low` and `high`, so that the search
    goes outwards from the nearer of them.
    """
    median = values[middle]
    distance = min(median - values[low], values[high] - median)
    reach = distance * (1 + 1e-12)
    first = _count(values, median - reach, True)
    last = _count(values, median + reach, False)
    while reached[last, lane] - reached[first, lane] < half:
        distance = np.inf
        if first > 0:
            distance = median - values[first - 1]
        if last < values.size:
            distance = min(distance, values[last] - median)
        reach = distance * (1 + 1e-12)
        while first > 0 and values[first - 1] >= median - reach:
            first -= 1
        while last < values.size and values[last] <= median + reach:
            last += 1
    return distance


@numba.njit(cache=True, nogil=True)
def summarise(units, values, centre, needed, total, first, last, origin, out):
    """Compute mean, SD, MAD and quantiles from weights in whole units.

    Parameters
    ----------
    units : uint32 array, shape (n_blocks, n_values, 64)
    values : float64 array, shape (n_values,)
        Increasing.
    centre : float
        A number amid the values, about which they are squared.
    needed : uint32 array
        Units that a quantile must have reached. The first is any below a half, the
        second half of the total, and the third is their sum.
    total : int
        Units of each row.
    first, last : int
        Blocks to work on.
    origin : int
        Block that is the first of `units`.
    out : float64 array, shape (needed.size, n_blocks, 64)
        Mean, SD, MAD and the quantiles after the first three.
    """
    n_values, n_levels = values.size, needed.size
    reached = np.zeros((n_values + 1, BLOCK), np.uint32)
    below = np.empty((n_levels, BLOCK), np.uint32)
    sums = np.empty((2, BLOCK))
    for b in range(first, last):
        below[:] = 0
        sums[:] = 0
        for k in range(n_values):
            deviation = values[k] - centre
            square = deviation * deviation
            for i in range(BLOCK):
                weight = units[b - origin, k, i]
                reached[k + 1, i] = reached[k, i] + weight
                sums[0, i] += weight * deviation
                sums[1, i] += weight * square
            for q in range(n_levels):
                for i in range(BLOCK):
                    below[q, i] += reached[k + 1, i] < needed[q]
        for i in range(BLOCK):
            mean = sums[0, i] / total
            out[0, b, i] = centre + mean
            out[1, b, i] = np.sqrt(max(sums[1, i] / total - mean * mean, 0.0))
            for q in range(3, n_levels):
                out[q, b, i] = values[min(np.int64(below[q, i]), n_values - 1)]
            low = min(np.int64(below[0, i]), n_values - 1)
            middle = min(np.int64(below[1, i]), n_values - 1)
            high = min(np.int64(below[2, i]), n_values - 1)
            out[2, b, i] = _deviation(values, reached, i, middle, low, high, needed[1])


@numba.njit(cache=True, nogil=True)
def side_by_side(starts, left, right):
    """Place siblings side by side, and find the new place of each node's left child.

    Parameters
    ----------
    starts : int64 array, shape (n_trees + 1,)
    left, right : int64 array, shape (n_nodes,)
        Children, each tree counting its own nodes; negative for a leaf.

    Returns
    -------
    old : int64 array, shape (n_nodes,)
        Node that goes to each place.
    child : int64 array, shape (n_nodes,)
        Place of the left child of the node at each place; 0 for a leaf.
    """
    old, child = np.empty(left.size, np.int64), np.zeros(left.size, np.int64)
    for t in range(starts.size - 1):
        old[starts[t]] = starts[t]
        n = starts[t] + 1
        for i in range(starts[t], starts[t + 1]):
            node = old[i]
            if left[node] >= 0:
                old[n], old[n + 1] = starts[t] + left[node], starts[t] + right[node]
                child[i] = n
                n += 2
    return old, child


@numba.njit(cache=True, nogil=True)
def kd_order(ranks, order, leaf):
    """Order rows so that neighbours are alike: halves along the widest predictor, and so on.

    Parameters
    ----------
    ranks : float32 array, shape (n, p)
        The rows' values, on scales that can be compared.
    order : int64 array, shape (n,)
        Any order of the rows; changed in place.
    leaf : int
        Rows that are left as they are; halves are multiples of it.
    """
    n, p = ranks.shape
    first = np.empty(128, np.int64)
    last = np.empty(128, np.int64)
    first[0], last[0] = 0, n
    depth = 1
    while depth:
        depth -= 1
        a, b = first[depth], last[depth]
        if b - a <= leaf:
            continue
        widest, width = 0, np.float32(-1)
        for k in range(p):
            least = most = ranks[order[a], k]
            for i in range(a + 1, b):
                value = ranks[order[i], k]
                least, most = min(least, value), max(most, value)
            if most - least > width:
                widest, width = k, most - least
        if width == 0:
            continue
        n_blocks = (b - a + leaf - 1) // leaf
        middle = a + (n_blocks + 1) // 2 * leaf
        # Quickselect on (value, row), so that ties always fall the same way.
        low, high = a, b - 1
        while low < high:
            pivot = order[(low + high) // 2]
            level = ranks[pivot, widest]
            i, j = low, high
            while i <= j:
                while ranks[order[i], widest] < level or (
                    ranks[order[i], widest] == level and order[i] < pivot
                ):
                    i += 1
                while ranks[order[j], widest] > level or (
                    ranks[order[j], widest] == level and order[j] > pivot
                ):
                    j -= 1
                if i <= j:
                    order[i], order[j] = order[j], order[i]
                    i += 1
                    j -= 1
            if middle <= j:
                high = j
            elif middle >= i:
                low = i
            else:
                break
        first[depth], last[depth] = a, middle
        first[depth + 1], last[depth + 1] = middle, b
        depth += 2
