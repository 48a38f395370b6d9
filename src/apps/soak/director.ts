/** Makes the faults happen, each at its time. */
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import type { Upstream } from "../../adapters/soak/Upstream.ts"
import type { Fault } from "../../adapters/soak/orders.ts"
import type { Names } from "./names.ts"
import type { Recoveries } from "./Recoveries.ts"
import type { FaultKind, PlannedFault } from "./schedule.ts"
import { saysOf } from "./schedule.ts"
import type { Service } from "./service.ts"
import type { Weather } from "./Weather.ts"
import type { GroupName, World } from "./world.ts"
import { nearestOf } from "./world.ts"

export interface Stage {
  readonly world: World
  readonly names: Names
  readonly weather: Weather
  readonly recoveries: Recoveries
  readonly services: ReadonlyArray<Service>
  readonly nowMs: () => number
  readonly tell: (text: string) => void
  /** Time from each order to switch off until a client was served without a choice, in ms. */
  readonly switchOffs: Array<number>
  /** Reloads that did not end as they should. */
  readonly wrongReloads: Array<string>
}

const FAULTS: Readonly<Partial<Record<FaultKind, Fault>>> = {
  dies: "dark",
  refuses: "refusing",
  stalls: "stalling",
  resets: "resetting",
  cuts: "cutting"
}
/** Behind a good handshake. */
const HIDDEN: ReadonlyArray<FaultKind> = ["stalls", "resets"]
const SLOWER = 10
/** An order reaches the process of the upstreams within this time. A client that comes before may still meet the fault. */
const ORDER_MS = 50
const FLAP_MS = 1_000

/** All faults one after the other. */
export const perform = Effect.fnUntraced(function* (stage: Stage, schedule: ReadonlyArray<PlannedFault>) {
  const { nowMs, tell, recoveries, world } = stage
  for (const fault of schedule) {
    yield* untilMs(nowMs, fault.atMs)
    const { group, position } = fault
    const struck = group === "all" ? [] : position < 0 ? world[group] : world[group].slice(position, position + 1)
    const nearest = group === "all" ? -1 : world[group][nearestOf(group)]?.index ?? -1
    const beganMs = nowMs()
    const endsMs = beganMs + fault.untilMs - fault.atMs
    recoveries.begin(fault, beganMs, endsMs, nearest)
    tell(saysOf(fault))
    yield* Effect.ensuring(happen(stage, fault, struck, endsMs), Effect.sync(() => mend(stage, fault, struck)))
  }
})

const untilMs = (nowMs: () => number, atMs: number) => Effect.suspend(() => Effect.sleep(Math.max(0, atMs - nowMs())))

const happen = Effect.fnUntraced(function* (
  stage: Stage,
  { kind, group }: PlannedFault,
  struck: ReadonlyArray<Upstream>,
  endsMs: number
) {
  const { nowMs, weather, names } = stage
  const of = group as GroupName
  const set = (fault: Fault) => {
    for (const upstream of struck) upstream.fault = fault
    if (fault !== "none") weather.struck(of, nowMs())
  }
  switch (kind) {
    case "slows":
      for (const upstream of struck) upstream.slowness = SLOWER
      break
    case "flaps":
      for (let isDark = true; nowMs() < endsMs; isDark = !isDark) {
        set(isDark ? "dark" : "none")
        yield* untilMs(nowMs, Math.min(endsMs, nowMs() + Math.min(FLAP_MS, (endsMs - nowMs()) / 2 + 1)))
      }
      break
    case "outage":
      weather.allDown(of, true, nowMs())
      set("refusing")
      break
    case "resolver":
      names.isDead = true
      weather.withoutPool(true, nowMs())
      break
    case "switched-off":
      weather.withoutPool(true, nowMs())
      yield* switchOff(stage)
      break
    case "broken-reload":
      yield* breakReload(stage)
      break
    default:
      set(FAULTS[kind] ?? "none")
      if (HIDDEN.includes(kind)) weather.hidden(of, true, nowMs())
  }
  yield* untilMs(nowMs, endsMs)
  if (kind === "switched-off") yield* Effect.forEach(stage.services, ({ control }) => control.setEnabled(true))
})

/** However the fault ended. */
function mend({ weather, names, nowMs }: Stage, { kind, group }: PlannedFault, struck: ReadonlyArray<Upstream>): void {
  for (const upstream of struck) {
    upstream.fault = "none"
    upstream.slowness = 1
  }
  if (kind === "outage") weather.allDown(group as GroupName, false, nowMs())
  if (HIDDEN.includes(kind)) weather.hidden(group as GroupName, false, nowMs() + ORDER_MS)
  if (kind === "resolver") names.isDead = false
  if (kind === "resolver" || kind === "switched-off") weather.withoutPool(false, nowMs())
}

const switchOff = Effect.fnUntraced(function* ({ services, switchOffs, nowMs }: Stage) {
  const orderedMs = nowMs()
  for (const { control, ledger } of services) {
    ledger.accepted = ({ chosen }) => {
      if (chosen !== "none") return
      ledger.accepted = () => {}
      switchOffs.push(nowMs() - orderedMs)
    }
    yield* control.setEnabled(false)
  }
})

const breakReload = Effect.fnUntraced(function* ({ services, wrongReloads }: Stage) {
  for (const service of services) {
    const broken = service.text.replace('"candidates"', '"candidate"')
    // It logs each mistake, and this one is made on purpose.
    const quietly = Effect.provideService(service.reload(broken), References.MinimumLogLevel, "None")
    if (yield* quietly) wrongReloads.push("a configuration with a mistake was applied")
    if (!(yield* service.reload(service.text))) wrongReloads.push("the mended configuration was not applied")
  }
})
