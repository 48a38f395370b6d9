/** Facts of the service as sentences, each with what it means to an operator. */
import type { Fact } from "../service/answers.ts"
import { many, millis, seconds } from "../format.ts"
import { ofFailure, ofMove, ofRung, ofState, ofSuspicion } from "./reasons.ts"

/** `good`: a trouble is over. `bad`: clients may feel it. `warn`: something to know. `plain`: the course of things. */
export type Tone = "good" | "bad" | "warn" | "plain"

/** What a reader may want to see apart from the rest. */
export const TOPICS = ["selection", "health", "service", "pool", "tls"] as const
export type Topic = (typeof TOPICS)[number]

export interface Told {
  readonly topic: Topic
  readonly tone: Tone
  readonly title: string
  /** Further sentences. */
  readonly details: ReadonlyArray<string>
}

const told = (topic: Topic, tone: Tone, title: string, ...details: ReadonlyArray<string>): Told => ({
  topic,
  tone,
  title,
  details
})

/** A fact of a newer service that this page does not know keeps its name. */
export function tell(fact: Fact): Told {
  switch (fact.kind) {
    case "SelectionMoved":
      return moved(fact)
    case "IpPoolSelection":
      return told(
        "selection",
        "plain",
        fact.candidate === null ? "No first choice" : `${fact.candidate} is the first choice`,
        ...(fact.costMs === null ? [] : [`It costs ${millis(fact.costMs)}.`])
      )
    case "LadderStep":
      return told(
        "selection",
        fact.to === "active" ? "good" : "bad",
        `${ofState(fact.from)} → ${ofState(fact.to)}`,
        sentence(ofRung(fact.reason))
      )
    case "IpPoolIpTripped": {
      const until = fact.forMs === 0 ? "until it shows its certificate" : `for ${millis(fact.forMs)}`
      return told("health", "bad", `${fact.candidate} is shut out ${until}`, sentence(ofFailure(fact.reason)))
    }
    case "IpPoolIpRecovered":
      return told("health", "good", `${fact.candidate} may serve again`)
    case "Suspected":
      return told("health", "warn", `${fact.candidate} is suspect`, sentence(ofSuspicion(fact.reason)))
    case "Cleared":
      return told("health", "good", `${fact.candidate} is suspect no more`)
    case "CommonCause":
      return fact.began
        ? told("health", "bad", "All candidates fail together", "None of them is judged by it.")
        : told("health", "good", "The first candidate answers again", ...lasted(fact.tookMs))
    case "LocalOutage":
      return fact.began
        ? told("health", "bad", "This machine's own network is down", `It shows by: ${fact.reason}.`)
        : told("health", "good", "This machine's network is back", ...lasted(fact.tookMs))
    case "NameUnresolved":
      return told("health", "bad", "The name has no addresses", `The resolver says ${fact.reason}.`)
    case "NameResolved":
      return told("health", "good", "The name has addresses again", ...lasted(fact.afterMs))
    case "IpPoolAutoDisable":
      return told("service", "bad", `Off for ${millis(fact.forMs)}`, `All candidates failed for ${fact.rounds} rounds.`)
    case "IpPoolAutoEnable":
      return told("service", "good", "On again", `Why: ${fact.reason}.`)
    case "EnabledChanged":
      return told("service", fact.enabled ? "good" : "bad", fact.enabled ? "Turned on" : "Turned off")
    case "CoreRestarted":
      return told("service", "bad", "The core failed and started again", "Clients were served meanwhile.")
    case "IpPoolConfigUpdate":
      return fact.applied
        ? told("service", "plain", "The configuration was read anew")
        : told("service", "bad", "The configuration was refused", `${many(fact.problems, "problem")}; nothing changed.`)
    case "MembershipChanged":
      return told(
        "service",
        "plain",
        [
          ...(fact.joinedCount > 0 ? [`${many(fact.joinedCount, "candidate")} joined`] : []),
          ...(fact.leftCount > 0 ? [`${many(fact.leftCount, "candidate")} left`] : [])
        ].join(", "),
        ...named("In", fact.joined, fact.joinedCount),
        ...named("Out", fact.left, fact.leftCount)
      )
    case "IpPoolCidrFilter":
      return told("service", "warn", `The access lists keep out ${many(fact.count, "address", "addresses")}`)
    case "IpPoolPreheatStarted":
      return told("service", "plain", `The first round of probes began`, `${many(fact.candidates, "candidate")}.`)
    case "IpPoolPreheatCompleted":
      return told(
        "service",
        fact.reachable > 0 ? "good" : "bad",
        `${fact.reachable} of ${many(fact.candidates, "candidate")} answered`,
        `The first round took ${millis(fact.tookMs)}.`
      )
    case "IpPoolRefresh":
      return fact.success === null
        ? told("service", "plain", "Measured and resolved anew")
        : told("service", fact.success ? "plain" : "bad", fact.success ? "Measured" : "No candidate answered")
    case "OnDemandDropped":
      return told("service", "plain", fact.reason === "idle" ? "An idle host was dropped" : "A host made room")
    case "PoolResized":
      return told("pool", "plain", `${fact.candidate} keeps ${many(fact.to, "warm socket")}`, `Before: ${fact.from}.`)
    case "PoolWithheld":
      return told(
        "pool",
        "warn",
        `${fact.candidate} gets no warm sockets for ${millis(fact.forMs)}`,
        fact.reason === "serial" ? "It serves one connection at a time." : "It turns new connections away."
      )
    case "AdaptiveTlsTiming":
      return told(
        "tls",
        "plain",
        `A program's TLS connection took ${millis(fact.tookMs)}`,
        `Stage: ${fact.ipSelectionStage}.`
      )
    case "AdaptiveTlsFallback":
      return told(
        "tls",
        fact.to === null ? "bad" : "warn",
        fact.to === null
          ? `TLS failed in its last stage, ${fact.ipSelectionStage}`
          : `TLS: ${fact.ipSelectionStage} → ${fact.to}`,
        `Reason: ${fact.reason}.`
      )
    case "AdaptiveTlsPinMismatch":
      return told("tls", "bad", "A certificate has no pinned key", `Stage: ${fact.ipSelectionStage}.`)
    case "AdaptiveTlsAutoDisable":
      return told(
        "tls",
        "warn",
        `The TLS stage ${fact.ipSelectionStage} is off for ${millis(fact.forMs)}`,
        `Reason: ${fact.reason}.`
      )
    case "AdaptiveTlsAutoEnable":
      return told("tls", "good", `The TLS stage ${fact.ipSelectionStage} is on again`)
    default:
      return told("service", "plain", kindOf(fact))
  }
}

/** The compiler sees here that every kind has its sentence. */
const kindOf = (fact: never): string => (fact as { readonly kind: string }).kind

function moved({ members, moves }: Extract<Fact, { kind: "SelectionMoved" }>): Told {
  const isWorse = moves.some(({ into, reason }) => !into && ["failing", "shut", "expired", "certificate"].includes(reason))
  const title = members.length === 0 ? "The set is empty" : `The set is ${members.join(", ")}`
  const details = moves.map(({ candidate, into, reason, costMs }) => {
    const cost = costMs === null ? "" : ` at ${millis(costMs)}`
    return `${into ? "+" : "−"} ${candidate}${cost}: ${ofMove(reason)}`
  })
  return told("selection", members.length === 0 ? "bad" : isWorse ? "warn" : "plain", title, ...details)
}

function named(word: string, some: ReadonlyArray<{ readonly candidate: string }>, count: number): ReadonlyArray<string> {
  if (count === 0) return []
  const more = count > some.length ? ` and ${count - some.length} more` : ""
  return [`${word}: ${some.map(({ candidate }) => candidate).join(", ")}${more}.`]
}

function lasted(ms: number | null): ReadonlyArray<string> {
  return ms === null ? [] : [`It lasted ${ms < 1_000 ? millis(ms) : seconds(ms / 1_000)}.`]
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
}
