using System.Runtime.ExceptionServices;
using System.Text;
using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.JsonTool.Model;
using Lumos.Linux;

namespace Lumos.JsonTool.Scripts;

/// <summary>What the code is, and how its output is told.</summary>
/// <param name="Run">Code that changes values, in its order.</param>
/// <param name="Keep">Code that says which values stay.</param>
/// <param name="Older">The code means members by their bare names (JSON_EXEC=vm).</param>
/// <param name="Prompt">Each value is answered before the next one comes.</param>
internal sealed record ScriptPlan(IReadOnlyList<string> Run, IReadOnlyList<string> Keep, bool Older, bool Prompt);

/// <summary>
/// Runs the user's JavaScript in QuickJS, a process of its own that is started only where there is code to run. Values go to it
/// by one thread and come back to another, so that neither pipe can fill up and stop both sides.
/// </summary>
internal sealed class ScriptEngine : IDisposable
{
    internal const string Program = "qjs";

    private readonly ScriptPlan _plan;
    private readonly RunningTool _engine;
    private readonly StreamReader _answers;
    private readonly Action<string> _print, _complain;
    private ExceptionDispatchInfo? _inputFailed;

    private ScriptEngine(ScriptPlan plan, RunningTool engine, Action<string> print, Action<string> complain)
    {
        _plan = plan;
        _engine = engine;
        _answers = new StreamReader(engine.Output!, new UTF8Encoding(false));
        _print = print;
        _complain = complain;
    }

    /// <param name="print">Takes what the code prints.</param>
    /// <param name="complain">Takes what the code says by console.error.</param>
    /// <exception cref="LumosException">NoJavaScript.</exception>
    internal static ScriptEngine Start(ScriptPlan plan, Action<string> print, Action<string> complain, string program = Program)
    {
        try
        {
            return new ScriptEngine(plan, RunningTool.Start([program, "--std", "-e", Bootstrap.Script], pipeInput: true, pipeOutput: true), print, complain);
        }
        catch (ErrnoException e)
        {
            throw new LumosException("NoJavaScript",
                $"-e and -c run JavaScript, for which the program \"{program}\" of Debian's package quickjs is needed", inner: e);
        }
    }

    /// <summary>Each value as the code leaves it; null for one that goes.</summary>
    /// <exception cref="LumosException">ScriptFailed; whatever reading the values throws.</exception>
    internal IEnumerable<JsonValue?> Run(IEnumerable<JsonValue> values)
    {
        var feeder = new Thread(() => Feed(values)) { IsBackground = true };
        feeder.Start();
        while (_answers.ReadLine() is { } line)
        {
            switch (line[0])
            {
                case '=':
                    yield return JsonReader.ReadAll(line[1..]);
                    break;
                case '-':
                    yield return null;
                    break;
                case '>':
                    _print(Text(line));
                    break;
                case '?':
                    _complain(Text(line));
                    break;
                default:
                    throw Failed(line);
            }
        }
        var end = _engine.Finish();
        if (end.Status != 0)
        {
            throw new LumosException("ScriptFailed", $"{Program} ended with status {end.Status}: {end.ErrorOutput.Trim()}");
        }
        feeder.Join();
        _inputFailed?.Throw();
    }

    public void Dispose() => _engine.Dispose();

    private static string Text(string line) => ((JsonString)JsonReader.ReadAll(line[1..])).Value;

    private static LumosException Failed(string line)
    {
        var fault = (JsonObject)JsonReader.ReadAll(line[1..]);
        return new("ScriptFailed", $"\"{((JsonString)fault["code"]!).Value}\": {((JsonString)fault["message"]!).Value}");
    }

    private void Feed(IEnumerable<JsonValue> values)
    {
        var writer = new StreamWriter(_engine.Input!, new UTF8Encoding(false), 64 * 1024);
        try
        {
            if (!Send(writer.WriteLine, Plan()))
            {
                return;
            }
            foreach (var value in values)
            {
                if (!Send(writer.WriteLine, JsonWriter.Text(value)) || (_plan.Prompt && !Send(_ => writer.Flush(), "")))
                {
                    return;
                }
            }
        }
        catch (Exception e)
        {
            _inputFailed = ExceptionDispatchInfo.Capture(e); // told once all answers to what went before are read
        }
        finally
        {
            _ = Send(_ => writer.Dispose(), "");
        }
    }

    /// <summary>False: the engine has ended; its last line or its status tells why.</summary>
    private static bool Send(Action<string> write, string line)
    {
        try
        {
            write(line);
            return true;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return false;
        }
    }

    private string Plan()
    {
        var plan = new JsonObject();
        plan.Set("run", new JsonArray([.. _plan.Run.Select(code => new JsonString(code))]));
        plan.Set("keep", new JsonArray([.. _plan.Keep.Select(code => new JsonString(code))]));
        plan.Set("older", _plan.Older ? JsonBool.True : JsonBool.False);
        plan.Set("prompt", _plan.Prompt ? JsonBool.True : JsonBool.False);
        return JsonWriter.Text(plan);
    }
}
