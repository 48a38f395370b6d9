/**
 * Digests that must be equal wherever the same entries were folded. Field order is that of the literals that build the
 * records, the same code on every runtime; numbers print alike everywhere (ECMAScript fixes their shortest form).
 *
 * A candidate's digest is kept as long as the record is the same object, a chunk's as long as the chunk is: digesting the
 * state costs what changed since the last time, not what exists.
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

/** Digest of what one entry brought about: its decisions and, when they changed, the routes; null when nothing. */
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

/** Digest of a whole state, without what is derived. */
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

/** The list is as long as there are candidates and hardly ever another one, so it has a digest of its own. */
function upstreamDigest({ listed, ...rest }: Upstream): Digest {
  return combine(recordDigest(listed), hash(JSON.stringify(rest)))
}
