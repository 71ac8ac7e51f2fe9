import { invalidModel, notSimulated } from '../errors';
import type { User } from '../state/rows';

/*
 * The part of the language of membership rules that is simulated: comparisons of a member of the user with a text or a
 * flag (-eq, -ne), joined by -and and -or, with parentheses. Text is compared without case.
 * docs: https://learn.microsoft.com/entra/identity/users/groups-dynamic-membership
 */

type Rule = (user: User) => boolean;

const token = /\s*(?:([()])|"((?:[^"`]|`.)*)"|([^\s()"]+))/y;

/** Whether the rule includes a user. Throws InvalidModel for what is no rule. */
export function ruleOf(text: string): Rule {
  const words = tokens(text);
  let at = 0;

  const joined = (operator: '-and' | '-or', operand: () => Rule, join: typeof all): Rule => {
    const rules = [operand()];
    while (words[at]?.text.toLowerCase() === operator) {
      at += 1;
      rules.push(operand());
    }
    return join(rules);
  };
  const alternatives = (): Rule => joined('-or', conjunction, some);
  const conjunction = (): Rule => joined('-and', operand, all);
  const operand = (): Rule => {
    if (words[at]?.text !== '(') return comparison(words[at++], words[at++], words[at++]);
    at += 1;
    const inner = alternatives();
    if (words[at++]?.text !== ')') throw notARule('a parenthesis is not closed');
    return inner;
  };

  const rule = alternatives();
  if (words[at] !== undefined) throw notARule(`'${words[at]?.text}' is not expected`);
  return rule;
}

const all =
  (rules: readonly Rule[]): Rule =>
  (user) =>
    rules.every((rule) => rule(user));
const some =
  (rules: readonly Rule[]): Rule =>
  (user) =>
    rules.some((rule) => rule(user));

type Word = { text: string; quoted: boolean };

function comparison(member?: Word, operator?: Word, value?: Word): Rule {
  const name = /^user\.(\w+)$/i.exec(member?.text ?? '')?.[1];
  if (name === undefined || value === undefined) throw notARule('a comparison is expected');
  const isFlag = !value.quoted && /^(true|false)$/i.test(value.text);
  if (!value.quoted && !isFlag) throw notSimulated(`the value ${value.text} in a membership rule`);
  const wanted = value.text.toLowerCase();
  const isEqual: Rule = (user) => memberOf(user, name).toLowerCase() === wanted;
  switch (operator?.text.toLowerCase()) {
    case '-eq':
      return isEqual;
    case '-ne':
      return (user) => !isEqual(user);
    default:
      throw notSimulated(`the operator ${operator?.text} in a membership rule`);
  }
}

function memberOf(user: User, name: string): string {
  const { employeeId, accountEnabled, userPrincipalName, displayName, attributes } = user;
  const own: Record<string, string> = {
    ...attributes,
    ...{ userPrincipalName, displayName },
    ...{ employeeId: employeeId ?? '', accountEnabled: `${accountEnabled}` },
  };
  return own[name] ?? '';
}

function tokens(text: string): Word[] {
  const found: Word[] = [];
  token.lastIndex = 0;
  const end = text.trimEnd().length;
  for (let at = 0; at < end; at = token.lastIndex) {
    const match = token.exec(text) as (string | undefined)[] | null;
    if (match === null) throw notARule('a quote is not closed');
    const [, parenthesis, quoted, word] = match;
    found.push({ text: parenthesis ?? quoted ?? word ?? '', quoted: quoted !== undefined });
  }
  return found;
}

const notARule = (why: string) => invalidModel(`'membershipRule' is not valid: ${why}.`);
