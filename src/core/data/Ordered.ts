/**
 * A persistent set of pairs (key, id), ordered by key, then by id: deadlines by moment, candidates by cost or by age.
 *
 * It is a weight-balanced binary tree: Adams 1993, with the parameters delta 3 and gamma 2 of Hirai and Yamamoto, "Balancing
 * weight-balanced trees", 2011. Insert and remove copy one path of about log2(n) nodes, so 10,000 pairs cost twice what 100 do.
 * The tree's shape never shows, because all reading is in order.
 */
export interface Node {
  readonly key: number
  readonly id: number
  readonly size: number
  readonly left: Ordered
  readonly right: Ordered
}
export type Ordered = Node | null

const DELTA = 3
const GAMMA = 2

export const empty: Ordered = null

export function size(tree: Ordered): number {
  return tree === null ? 0 : tree.size
}

/** The set with the pair. The same set when the pair was in it. */
export function insert(tree: Ordered, key: number, id: number): Node {
  if (tree === null) return { key, id, size: 1, left: null, right: null }
  const side = compare(key, id, tree)
  if (side === 0) return tree
  return side < 0
    ? balance(tree.key, tree.id, insert(tree.left, key, id), tree.right)
    : balance(tree.key, tree.id, tree.left, insert(tree.right, key, id))
}

/** The set without the pair. The same set when the pair was not in it. */
export function remove(tree: Ordered, key: number, id: number): Ordered {
  if (tree === null) return null
  const side = compare(key, id, tree)
  if (side < 0) {
    const left = remove(tree.left, key, id)
    return left === tree.left ? tree : balance(tree.key, tree.id, left, tree.right)
  }
  if (side > 0) {
    const right = remove(tree.right, key, id)
    return right === tree.right ? tree : balance(tree.key, tree.id, tree.left, right)
  }
  if (tree.left === null) return tree.right
  if (tree.right === null) return tree.left
  const heir = first(tree.right) as Node
  return balance(heir.key, heir.id, tree.left, remove(tree.right, heir.key, heir.id))
}

/** The set with an id moved from the key `was` to the key `is`. undefined: the id had, or gets, no key. */
export function shifted(tree: Ordered, id: number, was: number | undefined, is: number | undefined): Ordered {
  const without = was === undefined ? tree : remove(tree, was, id)
  return is === undefined ? without : insert(without, is, id)
}

/** The least pair; null: the set is empty. */
export function first(tree: Ordered): Node | null {
  let node = tree
  while (node !== null && node.left !== null) node = node.left
  return node
}

/** Visits the pairs in ascending order until `each` returns false. Returns false when that happened. */
export function visit(tree: Ordered, each: (key: number, id: number) => boolean): boolean {
  if (tree === null) return true
  return visit(tree.left, each) && each(tree.key, tree.id) && visit(tree.right, each)
}

/** The same, from the first pair with at least this key on. */
export function visitFrom(tree: Ordered, key: number, each: (key: number, id: number) => boolean): boolean {
  if (tree === null) return true
  if (tree.key < key) return visitFrom(tree.right, key, each)
  return visitFrom(tree.left, key, each) && each(tree.key, tree.id) && visit(tree.right, each)
}

/** A set of these pairs, in any order. */
export function fromPairs(pairs: Iterable<readonly [key: number, id: number]>): Ordered {
  let tree: Ordered = null
  for (const [key, id] of pairs) tree = insert(tree, key, id)
  return tree
}

function compare(key: number, id: number, node: Node): number {
  return key < node.key ? -1 : key > node.key ? 1 : id < node.id ? -1 : id > node.id ? 1 : 0
}

function node(key: number, id: number, left: Ordered, right: Ordered): Node {
  return { key, id, size: size(left) + size(right) + 1, left, right }
}

/** The number of leaves. An empty leaf counts as one, which the proof for delta 3 and gamma 2 needs. */
function weight(tree: Ordered): number {
  return size(tree) + 1
}

function balance(key: number, id: number, left: Ordered, right: Ordered): Node {
  if (right !== null && weight(right) > DELTA * weight(left)) {
    return weight(right.left) < GAMMA * weight(right.right)
      ? node(right.key, right.id, node(key, id, left, right.left), right.right)
      : rotateTwice(key, id, left, right.left as Node, right, true)
  }
  if (left !== null && weight(left) > DELTA * weight(right)) {
    return weight(left.right) < GAMMA * weight(left.left)
      ? node(left.key, left.id, left.left, node(key, id, left.right, right))
      : rotateTwice(key, id, right, left.right as Node, left, false)
  }
  return node(key, id, left, right)
}

/** The double rotation: the inner grandchild becomes the root. `onRight` says on which side the heavy child is. */
function rotateTwice(key: number, id: number, light: Ordered, inner: Node, heavy: Node, onRight: boolean): Node {
  return onRight
    ? node(inner.key, inner.id, node(key, id, light, inner.left), node(heavy.key, heavy.id, inner.right, heavy.right))
    : node(inner.key, inner.id, node(heavy.key, heavy.id, heavy.left, inner.left), node(key, id, inner.right, light))
}
