/** What concerns all upstreams, and is not as it should be. */
import { clock, many, seconds } from "../format.ts"
import type { View } from "../service/View.ts"
import type { Watch } from "../service/Watch.ts"
import { useNow } from "./useNow.ts"

interface Props {
  readonly view: View
  readonly watch: Watch
}

export function Banners({ view: { link, status }, watch }: Props) {
  const nowMs = useNow(link.is === "away")
  return (
    <div class="banners">
      {link.is === "away" && (
        <p class="banner bad" role="alert">
          <span>
            <strong>{link.why}</strong> {status === null ? "" : `What you see is from ${clock(link.sinceMs)}. `}
            Next try in {seconds((link.nextMs - nowMs) / 1_000)}.
          </span>
          <button type="button" onClick={() => watch.now()}>Try now</button>
        </p>
      )}
      {status !== null && !status.enabled && (
        <p class="banner warn">
          <span>
            <strong>Fairlead is off.</strong> {status.autoDisabledUntil === null
              ? status.override === false
                ? "An operator turned it off, until restart or reload."
                : "The configuration says so."
              : `All candidates failed for several rounds. It is on again at ${clock(status.autoDisabledUntil)}.`}{" "}
            Every client goes to the last resort.
          </span>
        </p>
      )}
      {status?.enabled === true && status.override === true && (
        <p class="banner plain">
          <span>An operator turned Fairlead on, until restart or reload.</span>
        </p>
      )}
      {status !== null && status.outage !== null && (
        <p class="banner bad">
          <span>
            <strong>This machine's own network is down</strong> for {seconds(status.outage.sinceSeconds)}{" "}
            ({status.outage.reason}). No candidate is judged meanwhile.
          </span>
        </p>
      )}
      {status !== null && status.restarts > 0 && (
        <p class="banner warn">
          <span>
            <strong>The core failed</strong> and started again {many(status.restarts, "time")}. The log says why.
          </span>
        </p>
      )}
      {status !== null && status.record.gaps > 0 && (
        <p class="banner warn">
          <span>
            <strong>The record has {many(status.record.gaps, "gap")}</strong>: the disk was full, slow or read-only.
          </span>
        </p>
      )}
    </div>
  )
}
