namespace Lumos.JsonTool.Scripts;

/// <summary>
/// What the engine runs. Its first line of input is the plan; each further line is a value, answered by a line that begins with
/// "=" (the value as it is now), "-" (it goes), "&gt;" or "?" (text that the code printed or complained) or "!" (it failed).
/// The code gets nothing of the engine's own modules, which could write between these lines.
/// </summary>
internal static class Bootstrap
{
    internal const string Script = """
        (() => {
          const { std } = globalThis, { parse, stringify } = JSON, global = globalThis, input = std.in, output = std.out, exit = std.exit;
          const say = (kind, value) => output.puts(kind + (value === undefined ? '' : stringify(value)) + '\n');
          const shown = word => typeof word === 'object' && word !== null ? stringify(word) : String(word);
          const printer = kind => (...words) => say(kind, words.map(shown).join(' '));
          global.console = { log: printer('>'), info: printer('>'), error: printer('?'), warn: printer('?') };
          global.print = global.console.log;
          global.process = { env: std.getenviron() };
          for (const name of ['std', 'os', 'bjson', 'scriptArgs']) delete global[name];

          const guarded = (code, action) => {
            try {
              return action();
            } catch (e) {
              say('!', { code, message: e instanceof Error ? `${e.name}: ${e.message}` : String(e) });
              output.flush();
              exit(1);
            }
          };
          // The older way (JSON_EXEC=vm): members are variables, what is assigned becomes a member, the last value counts.
          const members = object => new Proxy(object, {
            has: (_, name) => typeof name === 'string' && name !== '$code' && (name in object || !(name in global)),
            get: (_, name) => name === Symbol.unscopables ? undefined : object[name],
          });
          const older = new Function('$scope', '$code', 'with ($scope) { return eval($code) }');
          const body = (code, wanted) => wanted && !code.includes('return') ? `return (${code.replace(/[;\s]+$/, '')}\n)` : code;
          const compile = (code, wanted) => guarded(code, () => {
            const run = plan.older
              ? value => older.call(value, members(Object(value)), code)
              : Function.prototype.call.bind(new Function(body(code, wanted)));
            return value => guarded(code, () => run(value));
          });
          const copy = value => typeof value !== 'object' || value === null || Array.isArray(value) ? value : { ...value };

          const plan = parse(input.getline());
          const run = plan.run.map(code => compile(code, false)), keep = plan.keep.map(code => compile(code, true));
          for (let line; (line = input.getline()) !== null;) {
            const value = parse(line);
            run.forEach(step => step(value));
            if (keep.every(test => test(copy(value)))) say('=', value); else say('-');
            if (plan.prompt) output.flush();
          }
          output.flush();
        })();
        """;
}
