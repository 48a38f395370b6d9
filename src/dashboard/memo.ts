/** A component that is drawn anew only when one of its properties is another value. */
import type { ComponentType, FunctionComponent } from "preact"
import { Component, h } from "preact"

export function memo<P extends object>(component: FunctionComponent<P>): ComponentType<P> {
  return class Memo extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      return (Object.keys(next) as Array<keyof P>).some((key) => next[key] !== this.props[key])
    }
    override render() {
      return h(component, this.props)
    }
  }
}
