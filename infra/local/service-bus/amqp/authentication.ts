import type { Container } from 'rhea';
import { KEY, KEY_NAME } from './shared-access';

/** rhea's server-side SASL, whose typings are open. */
type Mechanisms = {
  enable_anonymous: () => void;
  enable_plain: (check: (user: string, password: string) => boolean) => void;
} & Record<string, unknown>;

/**
 * Offers ANONYMOUS (which the JavaScript SDK picks), MSSBCBS (uAMQP and .NET) and PLAIN with the namespace's key. With
 * the first two a client names itself by a token on `$cbs` afterwards.
 */
export function offerAuthentication(container: Container): void {
  const mechanisms = container.sasl_server_mechanisms as Mechanisms;
  mechanisms.enable_anonymous();
  mechanisms.enable_plain((user, password) => user === KEY_NAME && password === KEY);
  mechanisms['MSSBCBS'] = () => {
    const mechanism: { outcome?: boolean; start: () => void } = {
      start: () => {
        mechanism.outcome = true;
      },
    };
    return mechanism;
  };
}
