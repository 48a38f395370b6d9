/**
 * Digests, which are equal wherever the same entries were folded. The order of fields is that of the literals that build the
 * records, which is the same code on every runtime. Numbers print alike everywhere: ECMAScript fixes their shortest form.
 *
 * The digest of a candidate is cached as long as its record is the same object, that of a chunk as long as the chunk is. So
 * a digest of the state costs as much as what changed since the last one, and not as much as what exists.
 */
import type { Vector } from "./data/Vector.ts"
import type { Digest } from "./math/hash.ts"
import { combine, hash, zero } from "./math/hash.ts"
import type { Decision } from "./model/Decision.ts"
import type { State } from "./model/State.ts"
import type { Upstream } from "./model/Upstream.ts"
import { snapshotHead } from "./state.ts"

const cache = new WeakMap<object, Digest>()
const EMPTY_SLOT = hash("null")

/** Digest of the decisions of one entry and, if they changed, of the routes; null: neither. */
export function decisionsDigest(decisions: ReadonlyArray<Decision>, before: State, after: State): Digest | null {
  const rerouted = before.routes !== after.routes
  if (decisions.length === 0 && !rerouted) return null
  const digest = decisions.length === 0 ? zero : hash(JSON.stringify(decisions))
  if (!rerouted) return digest
  let all = combine(digest, { high: after.routes.version >>> 0, low: after.routes.upstreams.length })
  after.routes.upstreams.forEach((routes, i) => {
    if (routes !== before.routes.upstreams[i]) all = combine(all, hash(JSON.stringify(routes)))
  })
  return all
}

/** Digest of a whole state, without its derived parts. */
export function stateDigest(state: State): Digest {
  const { remembered, ...rest } = snapshotHead(state)
  const head = combine(hash(JSON.stringify(rest)), recordDigest(remembered))
  return combine(combine(head, vectorDigest(state.upstreams)), vectorDigest(state.candidates))
}

function vectorDigest(vector: Vector<object | null>): Digest {
  let all = zero
  for (const chunk of vector.chunks) {
    let digest = cache.get(chunk)
    if (digest === undefined) {
      digest = chunk.reduce<Digest>((sum, item) => combine(sum, recordDigest(item)), zero)
      cache.set(chunk, digest)
    }
    all = combine(all, digest)
  }
  return all
}

function recordDigest(record: object | null): Digest {
  if (record === null) return EMPTY_SLOT
  const known = cache.get(record)
  if (known !== undefined) return known
  const digest = "listed" in record ? upstreamDigest(record as Upstream) : hash(JSON.stringify(record))
  cache.set(record, digest)
  return digest
}

/** The list is as long as the number of candidates, and it rarely changes. So it has a digest of its own. */
function upstreamDigest({ listed, ...rest }: Upstream): Digest {
  return combine(recordDigest(listed), hash(JSON.stringify(rest)))
}
