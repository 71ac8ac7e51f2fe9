import type { AssignmentPolicy } from '../../shared/graph/answers';

/**
 * How one part of a package compares with the model. `gone`: our rows know it and Graph does not any more. `extra`: in
 * Graph and not in the model. `missing`: the model names it by its id, so it has to exist. `pending`: cannot exist
 * before the package that it is about. `ambiguous`: several may be it. `automatic`: differs, and gives access by a rule.
 */
export type PartState =
  | 'equal'
  | 'absent'
  | 'gone'
  | 'missing'
  | 'differs'
  | 'automatic'
  | 'extra'
  | 'pending'
  | 'ambiguous'
  | 'no-such-role';

export type Part = {
  part: 'catalog' | 'resource' | 'package' | 'role' | 'policy' | 'incompatible';
  /** The key, the origin id and role, or the name by which the model knows it. */
  about: string;
  state: PartState;
  /** Graph's id, where it is there. */
  id?: string;
  /** Where it differs. */
  members?: string[];
};

/** One package as Graph has it, part by part. */
export type PackageSurvey = {
  key: string;
  catalogKey: string;
  parts: Part[];
  /** Whether a run may add what it lacks: we are making it, and nobody has called it whole yet. */
  making: boolean;
  /** The policy under which it is assigned, if it is there. */
  policy?: AssignmentPolicy;
};
