/** Finds decisions that no shell may get, by the state after the step and by earlier decisions. */
import * as Candidates from "../core/candidates.ts"
import { isVouched } from "../core/candidate/identity.ts"
import type { CandidateId, UpstreamId } from "../core/model/Candidate.ts"
import type { Address } from "../core/model/Config.ts"
import type { Decision, DialWarm, Probe, Resolve, SelectionMoved } from "../core/model/Decision.ts"
import type { State } from "../core/model/State.ts"
import * as Upstreams from "../core/upstreams.ts"
import type { Folded } from "./CoreRun.ts"
import type { SimShell } from "./SimShell.ts"

export class IllegalDecision extends Error {}

function reject(illegal: boolean, what: string): void {
  if (illegal) throw new IllegalDecision(what)
}

/** Every id is used once. */
class Ids {
  readonly #seen = new Set<string>()

  check(kind: string, id: number): void {
    reject(this.#seen.has(`${kind} ${id}`), `${kind} ${id} twice`)
    this.#seen.add(`${kind} ${id}`)
  }
}

/** Throws at the first decision of a run that no shell may get. */
export class Legality {
  readonly #ids = new Ids()
  /** The sets as the facts of one step have changed them so far. */
  #step: Folded | undefined
  readonly #members = new Map<UpstreamId, ReadonlyArray<CandidateId>>()

  /** Before the shell begins the decision. */
  check(decision: Decision, step: Folded, { probes, dials, warm }: SimShell): void {
    const { before, advanced: { state } } = step
    switch (decision._tag) {
      case "Probe":
        this.#ids.check("probe", decision.probe)
        return checkProbe(state, decision, probes.all)
      case "DialWarm":
        this.#ids.check("warm", decision.warm)
        return checkWarm(state, decision, dials.size + warm.size)
      case "Race":
        return this.#ids.check("warm", decision.race)
      case "Resolve":
        this.#ids.check("resolve", decision.resolve)
        return checkResolve(state, decision)
      case "SelectionMoved":
        return this.#move(step, before, decision)
    }
  }

  #move(step: Folded, before: State, fact: SelectionMoved): void {
    if (step !== this.#step) this.#members.clear()
    this.#step = step
    checkMove(this.#members.get(fact.upstream) ?? Upstreams.find(before, fact.upstream)?.members ?? [], fact)
    this.#members.set(fact.upstream, fact.members)
  }
}

function checkTarget(state: State, { _tag, candidate: id, host, port }: Probe | DialWarm): void {
  const candidate = Candidates.find(state, id)
  reject(candidate === undefined, `${_tag} of an unknown candidate ${id}`)
  reject(candidate?.host !== host || candidate.port !== port, `${_tag} of ${host}, which is not the candidate's`)
}

function checkReference(state: State, probe: Probe, open: ReadonlyArray<Probe>): void {
  const { host, port } = probe
  const isOne = (other: Address) => other.host === host && other.port === port
  reject(!state.config.outage.connectivity.some(isOne), `a probe of ${host}, which is no reference`)
  const isOpen = open.some((other) => other.candidate === "reference" && isOne(other))
  reject(isOpen, `reference ${host} is being probed already`)
}

function checkCandidate(state: State, probe: Probe, open: ReadonlyArray<Probe>): void {
  const { candidate } = probe
  checkTarget(state, probe)
  reject(open.some((other) => other.candidate === candidate), `candidate ${candidate} is being probed already`)
}

function checkProbe(state: State, probe: Probe, open: ReadonlyArray<Probe>): void {
  const { maxParallel, perHost } = state.config.probing
  if (probe.candidate === "reference") checkReference(state, probe, open)
  else checkCandidate(state, probe, open)
  reject(open.length >= maxParallel, `more than ${maxParallel} probes at once`)
  reject(open.filter(({ host }) => host === probe.host).length >= perHost, `more than ${perHost} probes of one host`)
}

function checkWarm(state: State, act: DialWarm, waiting: number): void {
  checkTarget(state, act)
  reject(waiting >= state.config.poolTotal, `more than ${state.config.poolTotal} warm sockets`)
  const candidate = Candidates.find(state, act.candidate)!
  reject(!Candidates.isListed(candidate), `a warm dial of ${act.host}, which left`)
  reject(candidate.breaker.state !== "closed", `a warm dial of ${act.host}, which is shut out`)
  reject(Candidates.isSuspect(candidate), `a warm dial of ${act.host}, which is a suspect`)
  reject(!isVouched(candidate), `a warm dial of ${act.host}, which has not shown its certificate`)
}

function checkResolve(state: State, { upstream, host }: Resolve): void {
  reject(state.config.upstreams[upstream]?.host !== host, `a query for ${host}, which is no name of the upstream`)
}

function checkMove(had: ReadonlyArray<CandidateId>, fact: SelectionMoved): void {
  const moved = fact.moves.map(({ candidate }) => candidate)
  reject(fact.moves.length === 0, "a move without a candidate")
  reject(new Set(moved).size < moved.length, "a candidate moves twice")
  for (const { candidate, into } of fact.moves) {
    reject(into === had.includes(candidate), `candidate ${candidate} moves where it is`)
    reject(into !== fact.members.includes(candidate), `candidate ${candidate} moves, but not to where the set says`)
  }
  const unmoved = had.filter((id) => !moved.includes(id))
  const into = fact.moves.filter((one) => one.into)
  reject(fact.members.length !== unmoved.length + into.length, "moves do not make the set")
}
