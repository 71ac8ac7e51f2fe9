import type { Birthright } from './access-model';
import { refers } from './model-draft';
import type { ModelDraft } from './model-draft';
import { satisfyingExample } from './satisfying-example';

/** Faults of each birthright rule by itself and in what it refers to. */
export function lintRules(model: ModelDraft): string[] {
  return model.birthrights.flatMap((rule, index) =>
    rule === undefined
      ? []
      : ruleFaults(rule, model).map((fault) => `birthrights[${index}]${fault}`),
  );
}

function ruleFaults({ when, packages }: Birthright, model: ModelDraft): string[] {
  const unreachable = satisfyingExample([when]) === 'none';
  return [
    ...(unreachable ? ['.when: holds for nobody; mend the condition or remove the rule'] : []),
    ...packages.flatMap((key, index) => {
      if (packages.indexOf(key) < index) return [`.packages[${index}]: named twice; remove one`];
      return refers(model.packageKeys, key)
        ? []
        : [`.packages[${index}]: there is no package "${key}"; add it or remove the reference`];
    }),
  ];
}
