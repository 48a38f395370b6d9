/** Asks for the token and trades it for a cookie that no script can read. The page does not keep the token. */
import { useEffect, useRef, useState } from "preact/hooks"
import { SignedOut } from "../service/requests.ts"
import type { Watch } from "../service/Watch.ts"

export function SignIn({ watch }: { readonly watch: Watch }) {
  const field = useRef<HTMLInputElement>(null)
  const [trouble, setTrouble] = useState("")
  const [isAsking, setAsking] = useState(false)
  useEffect(() => field.current?.focus(), [])
  const submit = async (event: Event) => {
    event.preventDefault()
    const token = field.current?.value.trim() ?? ""
    if (token === "") return setTrouble("Type the token first.")
    setAsking(true)
    try {
      await watch.signIn(token)
    } catch (cause) {
      setTrouble(cause instanceof SignedOut ? "This is not the token of the service." : "The service does not answer.")
      setAsking(false)
      field.current?.select()
    }
  }
  return (
    <form class="sign-in card" onSubmit={submit}>
      <h2>Sign in</h2>
      <p>
        This port asks for the token of the service: the value of <code>admin.token</code> in its configuration.
      </p>
      <label for="token">Token</label>
      <input
        id="token"
        ref={field}
        type="password"
        autocomplete="current-password"
        spellcheck={false}
        aria-invalid={trouble !== ""}
        aria-describedby="token-trouble"
      />
      <p id="token-trouble" class="trouble" role="alert">{trouble}</p>
      <button type="submit" class="main" disabled={isAsking}>{isAsking ? "Asking…" : "Sign in"}</button>
    </form>
  )
}
