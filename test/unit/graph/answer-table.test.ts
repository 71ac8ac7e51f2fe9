import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../../infra/local/stack/service';
import { answerTable, type AnswerRow } from '../../../shared/graph/answer-table';
import { classify, GraphError } from '../../../shared/graph/errors';

const HEADER = ['status', 'code', 'it says', 'what follows'];

/** The cells of the table that begins with the header, without the header and the line below it. */
function documentedRows(page: string): string[][] {
  const text = readFileSync(join(projectRoot(), 'docs', page), 'utf8');
  const cells = text
    .split('\n')
    .map((line) => (line.startsWith('|') ? line.slice(1, -1).split('|') : undefined))
    .map((row) => row?.map((cell) => cell.trim()));
  const begin = cells.findIndex((row) => JSON.stringify(row) === JSON.stringify(HEADER));
  const rows = cells.slice(begin + 2);
  const end = rows.findIndex((row) => row === undefined);
  return rows.slice(0, end).flatMap((row) => (row ? [row] : []));
}

const rowOf = ({ status, code, detail, meaning, about }: AnswerRow): string[] => [
  status?.join(', ') ?? '',
  code === '' ? 'none' : code === undefined ? '' : `\`${detail ? `${code}/${detail}` : code}\``,
  about,
  followsFrom(meaning),
];

function followsFrom(meaning: AnswerRow['meaning']): string {
  if ('later' in meaning) return `waits (\`${meaning.later}\`)`;
  if ('failed' in meaning) return `\`needs-attention: ${meaning.failed}\``;
  return `\`${meaning.conflict}\``;
}

test('docs/outcomes.md lists every answer of Graph as the code classifies it, in the same order', () => {
  expect(documentedRows('outcomes.md')).toEqual(answerTable.map(rowOf));
});

/** The codes of entitlement management that have been met in the field. */
const met: [status: number, code: string, detail?: string][] = [
  [409, 'InvalidRequestExistingGrant'],
  [400, 'InvalidRequest', 'ExistingOpenRequest'],
  [404, 'InvalidRequestNoActiveGrant'],
  [409, 'DuplicateAccessPackage'],
  [409, 'DuplicateKey'],
  [400, 'InvalidModel'],
  [400, 'InvalidFilter'],
  [404, 'ResourceNotFound'],
  [404, 'RoleNotFound'],
  [403, 'UnAuthorized'],
  [400, 'CallerNotResourceOwner'],
  [400, 'SubjectNotFound'],
  [404, ''],
];

test.each(met.map(([status, code, detail = '']) => ({ status, code, detail })))(
  '$status $code $detail has a row of its own',
  ({ status, code, detail }) => {
    const own = answerTable.filter((row) => row.code === code && (row.detail ?? '') === detail);
    expect(own).toHaveLength(1);
    const detailCodes = detail === '' ? [] : [detail];
    const error = new GraphError('a call', { status, code, detailCodes, ambiguous: false });
    expect(classify(error)).not.toMatchObject({ why: 'unexpected-answer' });
  },
);
