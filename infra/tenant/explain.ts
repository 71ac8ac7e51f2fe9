import { GraphError } from '../../shared/graph/errors';

/** What a person can do about an answer of Graph, after its codes. */
export function explain(error: unknown): string {
  if (!(error instanceof GraphError)) return error instanceof Error ? error.message : String(error);
  const { status, code, detailCodes = [], requestId } = error.fault;
  const advice = advices.find(([fits]) => fits(status, code))?.[1];
  const support = requestId === undefined ? '' : ` (request-id ${requestId})`;
  const codes = detailCodes.length === 0 ? '' : ` [${detailCodes.join(', ')}]`;
  return `${error.message}${codes}${support}${advice === undefined ? '' : `\n  ${advice}`}`;
}

type Fits = (status: number | undefined, code: string) => boolean;
const advices: [fits: Fits, advice: string][] = [
  [
    (_, code) => code === 'no-token',
    'Nobody is signed in. Try --sign-in device-code, or --client with a public client that may be used in your tenant.',
  ],
  [
    (status) => status === 403,
    'You may not do this. It takes Identity Governance Administrator for entitlement management, and Privileged Role\n' +
      '  Administrator to grant application permissions; and the sign-in must have agreed to the permissions asked for\n' +
      '  (the token of the Azure CLI has none for entitlement management: use --sign-in browser).',
  ],
  [(status) => status === 401, 'The token is not accepted: sign in again, or name the --tenant.'],
  [(_, code) => code === 'no-connection', 'Graph cannot be reached from here.'],
];
