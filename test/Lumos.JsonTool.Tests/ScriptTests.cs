using System.Text;
using Lumos.Core;
using Lumos.JsonTool.Model;
using Lumos.JsonTool.Scripts;
using Xunit;

namespace Lumos.JsonTool.Tests;

/// <summary>
/// Code in the real engine, where this machine has it (Debian 13; on older ones test/system runs it on the image), and how we get
/// on with one that fails, for which a shell stands in.
/// </summary>
public sealed class ScriptTests : IDisposable
{
    private const string Images = """[{"type":"zone-dataset","n":1},{"type":"zvol","n":2},{"n":3}]""";

    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-json-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("[{\"type\":\"zone-dataset\",\"n\":1}]", "-c", "this.type==\"zone-dataset\"")]
    [InlineData("[{\"type\":\"zone-dataset\",\"n\":1}]", "-c", "this.type === 'zone-dataset';")]
    [InlineData("[{\"n\":3,\"x\":1,\"y\":4}]", "-e", "this.x=1", "-c", "this.y > 3", "-e", "this.y=this.n+this.x")]
    [InlineData("[{\"type\":\"zvol\",\"n\":2}]", "-c", "this.type", "-c", "this.n > 1")]
    [InlineData("[{\"type\":\"zvol\",\"n\":2},{\"n\":3}]", "-c", "var limit = 1; return this.n > limit")]
    [InlineData("[{\"type\":\"zone-dataset\",\"n\":1},{\"type\":\"zvol\",\"n\":2},{\"n\":3}]", "-c", "this.n = 5")]
    [InlineData("[{\"n\":1},{\"n\":2},{\"n\":3}]", "-e", "delete this.type")]
    [InlineData("[{\"type\":\"zone-dataset\",\"n\":1},{\"type\":\"zvol\",\"n\":2},{\"n\":3},4]", "-A", "-e", "this.push(4)")]
    [InlineData("[]", "-c", "false")]
    public void Code_changes_and_filters(string expected, params string[] words)
    {
        RequireEngine();
        Assert.Equal(expected + "\n", Json.Ok(Images, ["-0", .. words]));
    }

    [Fact]
    public void Code_meets_what_it_expects()
    {
        RequireEngine();
        Assert.Equal("2\n", Json.Ok("{\"a\":1}\n{\"a\":2}", "-ga", "-c", "this.a > 1", "a"));
        Assert.Equal("y\n", Json.Ok("""{"x":{"v":1},"y":{"v":2}}""", "-M", "-c", "this.value.v>1", "-a", "key"));
        Assert.Equal("", Json.Ok("{\"a\":1}", "-c", "this.a > 1"));
        Assert.Equal("", Json.Ok("{\"a\":1}", "-c", "this.a > 1", "a"));
        Assert.Equal("[2,3]\n", Json.Ok("[1,2,3]", "-0c", "this > 1"));
        Assert.Equal("hi 1\n{\"a\":1}\n", Json.Ok("{\"a\":1}", "-0e", "console.log('hi', this.a)"));
        Assert.Equal("{\"a\":12345678901234567000,\"d\":\"1970-01-01T00:00:00.000Z\",\"s\":\"undefined\"}\n",
            Json.Ok("{\"a\":12345678901234567890}", "-0", "-e", "this.d = new Date(0)", "-E", "this.s = typeof std"));
        var older = new Dictionary<string, string> { ["JSON_EXEC"] = "vm" };
        Assert.Equal((0, "{\"a\":5,\"b\":6}\n", ""), Json.Run(Input("{\"a\":1}"), older, "-0", "-e", "a = 5; b = 6", "-c", "x = 2; a == 5"));
    }

    [Theory]
    [InlineData("-e", "this.a =", "SyntaxError")]
    [InlineData("-c", "nosuch", "ReferenceError")]
    [InlineData("-e", "this.b.c = 1", "TypeError")]
    [InlineData("-e", "throw new Error('boom')", "Error: boom")]
    public void Code_that_fails_is_named(string option, string code, string fault)
    {
        RequireEngine();
        var (status, output, error) = Json.Run("{\"a\":1}", option, code);
        Assert.Equal((1, ""), (status, output));
        Assert.Contains($"\"{code}\": ", error);
        Assert.Contains(fault, error);
    }

    [Fact]
    public void Many_values_go_through_at_once()
    {
        RequireEngine();
        string text = string.Concat(Enumerable.Range(0, 100_000).Select(i => $"{{\"a\":{i}}}\n"));
        Assert.Equal("99999\n", Json.Ok(text, "-g", "-c", "this.a == 99999", "-a", "a"));
        Assert.Equal("99999\n", Json.Ok(text, "-ga", "-c", "this.a == 99999", "a"));
    }

    [Fact]
    public void Without_an_engine_it_says_which_package_has_it()
    {
        var e = Assert.Throws<LumosException>(() => ScriptEngine.Start(new ScriptPlan(["x"], [], false, false), _ => { }, _ => { }, "/nowhere/qjs"));
        Assert.Contains("quickjs", e.Message);
    }

    [Fact]
    public void What_it_prints_and_answers_comes_in_order()
    {
        var told = new List<string>();
        using var engine = Start("read plan; while read -r line; do echo '>\"seen\"'; echo \"?\\\"hm\\\"\"; echo \"=$line\"; echo -; done", told);
        var answers = engine.Run([new JsonNumber(1), new JsonNumber(2)]).Select(value => value is null ? "-" : JsonWriter.Text(value)).ToList();
        Assert.Equal(["1", "-", "2", "-"], answers);
        Assert.Equal([">seen", "?hm", ">seen", "?hm"], told);
    }

    [Fact]
    public void An_engine_that_dies_is_told_with_its_last_words()
    {
        using var engine = Start("read plan; read first; echo \"=$first\"; echo out of memory >&2; exit 3", []);
        var e = Assert.Throws<LumosException>(() => engine.Run(Enumerable.Repeat(new JsonString(new string('x', 1000)), 10_000)).Count());
        Assert.Contains("status 3: out of memory", e.Message);
    }

    [Fact]
    public void A_fault_of_the_input_is_told_after_the_answers_to_what_went_before()
    {
        using var engine = Start("read plan; while read -r line; do echo \"=$line\"; done", []);
        var seen = new List<JsonValue?>();
        Assert.Throws<SyntaxFault>(() => seen.AddRange(engine.Run(Faulty())));
        Assert.Single(seen);

        static IEnumerable<JsonValue> Faulty()
        {
            yield return JsonValue.Null;
            throw new SyntaxFault("Bad string", 0);
        }
    }

    private ScriptEngine Start(string script, List<string> told)
    {
        string program = Path.Combine(_folder, "engine");
        File.WriteAllText(program, "#!/bin/sh\n" + script + "\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return ScriptEngine.Start(new ScriptPlan(["x"], [], false, false), text => told.Add(">" + text), text => told.Add("?" + text), program);
    }

    private static MemoryStream Input(string text) => new(Encoding.UTF8.GetBytes(text));

    private static void RequireEngine() => Assert.SkipUnless(
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, ScriptEngine.Program))),
        "this machine has no qjs (package quickjs, from Debian 13 on)");
}
