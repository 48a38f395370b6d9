/** The handles of one upstream and of one listener, made at their first event. */
import type { TlsStage } from "../../core/model/Event.ts"
import * as catalogue from "./catalogue.ts"
import type { Meters, Update } from "./Meters.ts"

export class UpstreamMeters {
  readonly name: string
  readonly hits: Update
  readonly misses: Update
  readonly warm: Update
  readonly breakers: Update
  readonly omitted: Update
  readonly silent: Update
  readonly connectByClient: Update
  readonly connectWarm: Update
  readonly connectByProbe: Update
  readonly closed: (reason: string) => Update
  readonly probes: (result: string) => Update
  readonly switches: (reason: string) => Update
  readonly suspected: (reason: string) => Update
  readonly tlsStage: (stage: TlsStage, result: string) => Update
  readonly tlsStageOff: (stage: TlsStage) => Update

  constructor(meters: Meters, upstream: string) {
    this.name = upstream
    this.hits = meters.of(catalogue.hits, { upstream })
    this.misses = meters.of(catalogue.misses, { upstream })
    this.warm = meters.of(catalogue.warm, { upstream })
    this.breakers = meters.of(catalogue.breakers, { upstream })
    this.omitted = meters.of(catalogue.omitted, { upstream })
    this.silent = meters.of(catalogue.silent, { upstream })
    this.connectByClient = meters.of(catalogue.connect, { upstream, kind: "client" })
    this.connectWarm = meters.of(catalogue.connect, { upstream, kind: "warm" })
    this.connectByProbe = meters.of(catalogue.connect, { upstream, kind: "probe" })
    this.closed = memo((reason) => meters.of(catalogue.closed, { upstream, reason }))
    this.probes = memo((result) => meters.of(catalogue.probes, { upstream, result }))
    this.switches = memo((reason) => meters.of(catalogue.switches, { upstream, reason }))
    this.suspected = memo((reason) => meters.of(catalogue.suspected, { upstream, reason }))
    this.tlsStage = (stage, result) => meters.of(catalogue.tlsStages, { upstream, stage, result })
    this.tlsStageOff = (stage) => meters.of(catalogue.tlsStagesOff, { upstream, stage })
  }
}

export class ListenerMeters {
  readonly up: Update
  readonly down: Update
  readonly firstByte: Update
  readonly connections: (result: string) => Update
  /** Refused clients that are counted already. */
  readonly seen = new Map<string, number>()

  constructor(meters: Meters, listener: string) {
    this.up = meters.of(catalogue.bytes, { listener, direction: "up" })
    this.down = meters.of(catalogue.bytes, { listener, direction: "down" })
    this.firstByte = meters.of(catalogue.firstByte, { listener })
    this.connections = memo((result) => meters.of(catalogue.connections, { listener, result }))
    // An alert on a rate needs the series before its first count.
    for (const result of ["done", "failed"]) this.connections(result)
  }
}

/** Remembers one result for each label value. For labels with a handful of values. */
export function memo<A>(make: (value: string) => A): (value: string) => A {
  const made = new Map<string, A>()
  return (value) => {
    let found = made.get(value)
    if (found === undefined) made.set(value, found = make(value))
    return found
  }
}
