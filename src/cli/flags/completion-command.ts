/** `completion`: prints the script that teaches a shell the commands and flags, made from commander's own table. */
import { Argument, type Command } from 'commander';

const shells = ['bash', 'zsh', 'fish'] as const;

const examples = `
Examples:
  source <(reward-score completion bash)    # in ~/.bashrc
  reward-score completion zsh > ~/.zfunc/_reward-score    # a directory in $fpath
  reward-score completion fish > ~/.config/fish/completions/reward-score.fish`;

export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'the shell that runs the script').choices(shells))
    .addHelpText('after', examples)
    .action(async (shell: (typeof shells)[number]) => {
      const { placesOf } = await import('../completion/places.js');
      const places = placesOf(program);
      const script = {
        bash: async () => (await import('../completion/bash.js')).bashScript(places),
        zsh: async () => (await import('../completion/zsh.js')).zshScript(places),
        fish: async () => (await import('../completion/fish.js')).fishScript(places),
      };
      process.stdout.write(await script[shell]());
    });
}
