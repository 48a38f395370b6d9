/** The lines that open and close a segment, from the state at its start. */
import { stateDigest } from "../core/digest.ts"
import { hash, toHex } from "../core/math/hash.ts"
import type { State } from "../core/model/State.ts"
import { FORMAT_VERSION, MODEL_VERSION } from "../core/model/version.ts"
import { snapshotHead } from "../core/state.ts"
import { body } from "./codec.ts"
import { SCHEMA_HASH } from "./schemaHash.ts"
import type { BreakReason, Gap, Previous, Run } from "./Segment.ts"
import { packed } from "./sparse.ts"

/** How a segment begins. */
export interface Opening {
  readonly run: Run
  readonly segment: number
  readonly previous: Previous | null
  readonly after: BreakReason | null
  readonly state: State
}

/** Line bodies one by one, so that a writer may pause between them. Each has at most one chunk of 64 records. */
export function* openingBodies({ run, segment, previous, after, state }: Opening): Generator<string> {
  yield body({
    kind: "header",
    format: FORMAT_VERSION,
    model: MODEL_VERSION,
    schema: SCHEMA_HASH,
    run: run.id,
    segment,
    seed: run.seed,
    previous,
    after,
    config: packed(state.config),
    head: snapshotHead(state),
    upstreamLines: state.upstreams.chunks.length,
    candidateLines: state.candidates.chunks.length
  })
  for (const items of state.upstreams.chunks) yield body({ kind: "upstreams", items })
  for (const items of state.candidates.chunks) yield body({ kind: "candidates", items })
}

export function footerBody(state: State): string {
  return body({ kind: "footer", seq: state.seq, state: toHex(stateDigest(state)) })
}

export function gapBody(reason: BreakReason, culprit?: Gap["culprit"]): string {
  return body({ kind: "gap", reason, ...(culprit === undefined ? {} : { culprit }) })
}

/** The start of a segment's chain. It includes the number, so segments that changed places are found. */
export function chainStart(segment: number) {
  return hash(`fairlead segment ${segment}`)
}
