using System.Text;
using Xunit;

namespace Lumos.JsonTool.Tests;

public class InputTests
{
    private const string Headers = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";

    [Theory]
    [InlineData("""{"foo" "bar"}""", "Expected ':' instead of '\"' at line 1, column 8:")]
    [InlineData("""{"a":1,}""", "Bad string at line 1, column 8:")]
    [InlineData("""{a:1}""", "Bad string at line 1, column 2:")]
    [InlineData("""{"a":1 "b":2}""", "Expected ',' instead of '\"' at line 1, column 8:")]
    [InlineData("""{"a":1}}""", "Syntax error at line 1, column 8:")]
    [InlineData("[1,2", "Expected ',' instead of '' at line 1, column 5:")]
    [InlineData("[1,]", "Unexpected ']' at line 1, column 4:")]
    [InlineData("[", "Bad array at line 1, column 2:")]
    [InlineData("{", "Bad object at line 1, column 2:")]
    [InlineData("\"abc", "Bad string at line 1, column 5:")]
    [InlineData("\"a\\x\"", "Bad string at line 1, column 4:")]
    [InlineData("\"\\u12g4\"", "Bad string at line 1, column 3:")]
    [InlineData("nope", "Expected 'u' instead of 'o' at line 1, column 2:")]
    [InlineData("undefined", "Unexpected 'u' at line 1, column 1:")]
    [InlineData("-", "Bad number at line 1, column 2:")]
    [InlineData("2e", "Bad number at line 1, column 3:")]
    [InlineData("1.", "Bad number at line 1, column 3:")]
    [InlineData("01", "Bad number at line 1, column 2:")]
    [InlineData("   ", "Unexpected '' at line 1, column 4:")]
    [InlineData("{\n  \"a\": 1,\n  \"b\": {\n     \"c\" 5\n  }\n}", "Expected ':' instead of '5' at line 4, column 10:\n             \"c\" 5\n        .........^\n")]
    public void What_is_not_JSON_is_told_with_its_place(string input, string fault)
    {
        var (status, output, error) = Json.Run(input);
        Assert.Equal((1, input.TrimEnd('\n') + "\n"), (status, output));
        Assert.StartsWith($"json: error: input is not JSON: {fault}", error);
        Assert.Equal((1, "", error), Json.Run(input, "-n"));
        Assert.Equal((1, "", ""), Json.Run(input, "-nq"));
    }

    [Fact]
    public void A_fault_in_a_very_long_line_is_shown_with_its_surroundings()
    {
        string error = Json.Run($"[\"{new string('x', 5000)}\" 2,\"{new string('y', 5000)}\"]", "-n").Error;
        Assert.Contains("column 5005", error);
        Assert.True(error.Length < 500, error);
        string[] lines = error.Split('\n');
        Assert.Equal('2', lines[1][lines[2].IndexOf('^', StringComparison.Ordinal)]);
    }

    [Fact]
    public void Nesting_without_end_is_refused()
    {
        Assert.Equal("", Json.Ok($"{new string('[', 2500)}{new string(']', 2500)}", "-n"));
        Assert.Contains("deeper", Json.Run(new string('[', 100_000), "-n").Error);
    }

    [Fact]
    public void Nothing_at_all_is_no_fault()
    {
        Assert.Equal("", Json.Ok(""));
        Assert.Equal("", Json.Ok("", "-n"));
        Assert.Equal("", Json.Ok("{}", "-n"));
    }

    [Fact]
    public void Headers_pass_through_or_are_dropped()
    {
        Assert.Equal(Headers + "1\n", Json.Ok(Headers + "{\"a\":1}", "a"));
        Assert.Equal("1\n", Json.Ok(Headers + "{\"a\":1}", "-H", "a"));
        Assert.Equal("1\n", Json.Ok("HTTP/1.1 100 Continue\n\n" + Headers + "{\"a\":1}", "-Ha", "a"));
        Assert.Equal("", Json.Ok(Headers, "-H"));
        Assert.Equal("1\n2\n", Json.Ok(Headers + "{\"a\":1}\n{\"a\":2}", "-gaH", "a"));
        Assert.Equal(Headers + "1\n", Json.Ok(Headers + "{\"a\":1}", "-ga", "a"));
        Assert.Equal(1, Json.Run("HTTP/1.1 200 OK\nno end").Status);
    }

    [Theory]
    [InlineData("{\"a\":1}\n{\"b\":2}", "[{\"a\":1},{\"b\":2}]\n")]
    [InlineData("{\"a\":1}{\"b\":2}", "[{\"a\":1},{\"b\":2}]\n")]
    [InlineData("{\"a\":\"}{\"}\n{\"b\":2}", "[{\"a\":\"}{\"},{\"b\":2}]\n")]
    [InlineData("[\"a\"]\n[\"b\"]\n[]", "[\"a\",\"b\"]\n")]
    [InlineData("{\"a\":1}", "[{\"a\":1}]\n")]
    [InlineData("[1]", "[1]\n")]
    [InlineData("1", "1\n")]
    public void Adjacent_objects_and_lists_are_grouped(string input, string expected) => Assert.Equal(expected, Json.Ok(input, "-g0"));

    [Theory]
    [InlineData("{\"a\":1} {\"b\":2}", "line 1, column 9")]
    [InlineData("[\"a\"][\"b\"]", "line 1, column 6")]
    [InlineData("{\"a\":1}\n[\"b\"]", "line 2, column 1")]
    [InlineData("1\n2", "line 2, column 1")]
    public void What_is_not_adjacent_is_a_fault(string input, string place)
    {
        Assert.Contains($"Syntax error at {place}", Json.Run(input, "-g").Error);
        Assert.Equal(1, Json.Run(input, "-ga").Status);
    }

    [Fact]
    public void Objects_are_merged_the_later_over_the_earlier()
    {
        const string two = "{\"a\":1,\"c\":{\"x\":1,\"y\":[1]}}\n{\"b\":2,\"c\":{\"z\":1,\"y\":[2]}}";
        Assert.Equal("""{"a":1,"c":{"z":1,"y":[2]},"b":2}""" + "\n", Json.Ok(two, "--merge", "-0"));
        Assert.Equal("""{"a":1,"c":{"x":1,"y":[2],"z":1},"b":2}""" + "\n", Json.Ok(two, "--deep-merge", "-0"));
        Assert.Equal(1, Json.Run("[1]\n[2]", "--merge").Status);
    }

    [Fact]
    public void A_stream_is_worked_on_as_it_comes()
    {
        Assert.Equal("1\n2\n", Json.Ok("{\"a\":1}\n{\"a\":2}\n", "-ga", "a"));
        Assert.Equal("{\"a\":1}\n{\"a\":2}\n", Json.Ok("{\"a\":1}{\"a\":2}", "-ga0"));
        Assert.Equal("a\nb\n", Json.Ok("{\"a\":1}\n{\"b\":2}", "-gak"));
        Assert.Equal("a 1\nb 2\n", Json.Ok("{\"a\":1}\n{\"b\":2}", "-gaM", "key", "value"));
        Assert.Equal("1\n2\n", Json.Ok("[{\"a\":1}]\n[{\"a\":2}]", "-ga", "a"));
        var (status, output, error) = Json.Run("{\"a\":1}\n{\"a\" 2}\n{\"a\":3}", "-ga", "a");
        Assert.Equal((1, "1\n{\"a\" 2}\n"), (status, output));
        Assert.Contains("Expected ':' instead of '2' at line 2, column 6:", error);
    }

    [Fact]
    public void A_stream_may_break_anywhere()
    {
        string text = string.Concat(Enumerable.Range(0, 50).Select(i => $"{{\"a\":\"}}{{\\\\\\\"é😀{i}\",\"n\":[{{}},[]]}}\n"));
        string expected = string.Concat(Enumerable.Range(0, 50).Select(i => $"}}{{\\\"é😀{i} 2\n"));
        for (int piece = 1; piece < 9; piece++)
        {
            using var input = new Pieces(Encoding.UTF8.GetBytes(text), piece);
            Assert.Equal((0, expected, ""), Json.Run(input, [], "-ga", "a", "n.length"));
        }
    }

    [Fact]
    public void One_long_object_in_a_stream_is_looked_at_once()
    {
        string text = $"{{\"a\":\"{new string('x', 20_000_000)}\",\"b\":1}}";
        using var input = new Pieces(Encoding.UTF8.GetBytes(text), 16 * 1024);
        long start = Environment.TickCount64;
        Assert.Equal((0, "1\n", ""), Json.Run(input, [], "-ga", "b"));
        Assert.True(Environment.TickCount64 - start < 20_000, "20 MB in 1,200 pieces take less than seconds");
    }

    /// <summary>Gives no more than so many bytes at once.</summary>
    private sealed class Pieces(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(size, buffer.Length)]);

        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(size, count));
    }
}
