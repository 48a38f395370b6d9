/** The head of the page: whether the service is heard, and the orders that concern all of it. */
import { useState } from "preact/hooks"
import { seconds } from "../format.ts"
import * as requests from "../service/requests.ts"
import type { Link, View } from "../service/View.ts"
import type { Watch } from "../service/Watch.ts"
import { Ask } from "./Ask.tsx"
import type { Order } from "./Notices.tsx"
import { ThemeSwitch } from "./ThemeSwitch.tsx"

interface Props {
  readonly view: View
  readonly watch: Watch
  readonly order: Order
}

export function Header({ view: { link, status, usesToken }, watch, order }: Props) {
  const isLive = link.is === "live"
  return (
    <header class="top">
      <a class="skip" href="#main">Skip to the content</a>
      <h1>
        <Mark />Fairlead
      </h1>
      <LinkState link={link} />
      {status !== null && <span class="uptime">up {seconds(status.uptimeSeconds)}</span>}
      <div class="orders">
        {status !== null && <EnabledSwitch enabled={status.enabled} canAct={isLive} order={order} />}
        {status !== null && (
          <>
            <button type="button" disabled={!isLive} onClick={() => order(() => requests.refresh(undefined))}>
              Measure all
            </button>
            <button type="button" disabled={!isLive} onClick={() => order(requests.reload)}>Reload file</button>
          </>
        )}
        <ThemeSwitch />
        {usesToken && link.is !== "signed out" && <button type="button" onClick={() => watch.signOut()}>Sign out</button>}
      </div>
    </header>
  )
}

function LinkState({ link }: { readonly link: Link }) {
  const [tone, word] = link.is === "live"
    ? link.facts ? ["good", "Live"] : ["warn", "Live, no facts"]
    : link.is === "away"
    ? ["bad", "No answer"]
    : link.is === "starting"
    ? ["plain", "Connecting"]
    : ["plain", "Signed out"]
  return (
    <span class={`badge ${tone}`} role="status" data-link={link.is}>
      <i aria-hidden="true" />
      {word}
    </span>
  )
}

function EnabledSwitch({ enabled, canAct, order }: {
  readonly enabled: boolean
  readonly canAct: boolean
  readonly order: Order
}) {
  const [isAsking, setAsking] = useState(false)
  const set = (to: boolean) => {
    setAsking(false)
    void order(() => requests.setEnabled(to))
  }
  return (
    <>
      <button
        type="button"
        role="switch"
        class="switch"
        aria-checked={enabled}
        disabled={!canAct}
        onClick={() => enabled ? setAsking(true) : set(true)}
      >
        <i aria-hidden="true" />Enabled
      </button>
      {isAsking && (
        <Ask
          title="Turn Fairlead off?"
          text="Every new client goes to the last resort: what the system's resolver says, then the list in its order. Open sessions go on. It lasts until you turn it on again, reload the file or restart the service."
          yes="Turn off"
          onYes={() => set(false)}
          onNo={() => setAsking(false)}
        />
      )}
    </>
  )
}

/** A fairlead guides lines: three of them through one eye. */
function Mark() {
  return (
    <svg class="mark" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
      <path d="M2 5c6 0 6 7 10 7h10M2 12h20M2 19c6 0 6-7 10-7" fill="none" stroke="currentColor" stroke-width="2" />
      <circle cx="13" cy="12" r="3.5" fill="none" stroke="currentColor" stroke-width="2" />
    </svg>
  )
}
