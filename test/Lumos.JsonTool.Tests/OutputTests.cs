using System.Globalization;
using System.Text;
using Lumos.JsonTool.Model;
using Xunit;

namespace Lumos.JsonTool.Tests;

public class OutputTests
{
    [Theory]
    [InlineData("1.0", "1")]
    [InlineData("-0", "0")]
    [InlineData("1e3", "1000")]
    [InlineData("1e20", "100000000000000000000")]
    [InlineData("1e21", "1e+21")]
    [InlineData("1e23", "1e+23")]
    [InlineData("1.5e30", "1.5e+30")]
    [InlineData("0.1", "0.1")]
    [InlineData("123.456", "123.456")]
    [InlineData("-123.456", "-123.456")]
    [InlineData("0.000001", "0.000001")]
    [InlineData("1e-7", "1e-7")]
    [InlineData("123e-20", "1.23e-18")]
    [InlineData("5e-324", "5e-324")]
    [InlineData("1.7976931348623157e308", "1.7976931348623157e+308")]
    [InlineData("9007199254740993", "9007199254740992")]
    [InlineData("12345678901234567890", "12345678901234567000")]
    [InlineData("123456789012345678901234567890", "1.2345678901234568e+29")]
    [InlineData("1234567890123456.7", "1234567890123456.8")]
    [InlineData("1e400", "null")]
    public void Numbers_are_JavaScripts(string given, string printed) => Assert.Equal($"{printed}\n", Json.Ok(given));

    [Fact]
    public void Any_number_is_the_same_when_it_is_read_again()
    {
        var random = new Random(20261130);
        for (int i = 0; i < 20_000; i++)
        {
            double value = BitConverter.Int64BitsToDouble(random.NextInt64());
            if (double.IsFinite(value))
            {
                string text = JsNumber.Format(value);
                Assert.True(double.Parse(text, CultureInfo.InvariantCulture) == value, text);
            }
        }
    }

    [Fact]
    public void Members_keep_their_order_except_indices_which_go_first() =>
        Assert.Equal("""{"1":1,"2":2,"4294967294":3,"b":9,"01":0,"-1":5,"4294967295":4}""" + "\n",
            Json.Ok("""{"b":1,"2":2,"1":1,"01":0,"-1":5,"b":9,"4294967295":4,"4294967294":3}""", "-0"));

    [Fact]
    public void Strings_are_escaped_as_little_as_JSON_allows()
    {
        Assert.Equal("\"\u00e9\u2028\u007f\\u0001\ud83d\ude00\\ud800 / \\b\\f\\n\\r\\t\\\" \\\\ <>&'\"\n",
            Json.Ok("""
                "\u00e9\u2028\u007f\u0001\ud83d\ude00\ud800 \/ \b\f\n\r\t\" \\ <>&'"
                """, "-j"));
        Assert.Equal("two\nlines\n", Json.Ok("""{"s":"two\nlines"}""", "s"));
    }

    [Theory]
    [InlineData("{\n  \"a\": [\n    1\n  ]\n}\n")]
    [InlineData("{\n  \"a\": [\n    1\n  ]\n}\n", "-j")]
    [InlineData("{\"a\":[1]}\n", "-0")]
    [InlineData("{\n    \"a\": [\n        1\n    ]\n}\n", "-4")]
    [InlineData("{\n    \"a\": [\n        1\n    ]\n}\n", "-04")]
    [InlineData("{\"a\":[1]}\n", "-0j")]
    [InlineData("{\"a\":[1]}\n", "-j", "-0")]
    [InlineData("{\"a\":[1]}\n", "-o", "json-0")]
    [InlineData("{\"a\":[1]}\n", "--output", "jsony-0")]
    [InlineData("{\"a\":[1]}\n", "-o", "compact")]
    [InlineData("{\n\t\"a\": [\n\t\t1\n\t]\n}\n", "-o", "json-tab")]
    [InlineData("{\n   \"a\": [\n      1\n   ]\n}\n", "-ojson-3")]
    [InlineData("{ a: [ 1 ] }\n", "-i")]
    [InlineData("{ a: [ 1 ] }\n", "-o", "inspect")]
    public void The_output_mode(string expected, params string[] words) => Assert.Equal(expected, Json.Ok("""{"a":[1]}""", words));

    [Fact]
    public void Empty_ones_have_nothing_inside() => Assert.Equal("[\n  [],\n  {}\n]\n", Json.Ok("[[],{}]"));

    [Fact]
    public void Inspection_chooses_quotes_and_breaks_long_lines()
    {
        string text = Json.Ok($$"""{"s":"it's","q":"a\"'b","n":null,"weird-key":-0,"e":{},"long":"{{new string('a', 70)}}"}""", "-i");
        Assert.Equal($$"""
            {
              s: "it's",
              q: `a"'b`,
              n: null,
              'weird-key': -0,
              e: {},
              long: '{{new string('a', 70)}}'
            }

            """, text);
        Assert.Equal("'x' { c: 1 }\n'y' undefined\n", Json.Ok("""[{"a":"x","b":{"c":1}},{"a":"y"}]""", "-ia", "a", "b"));
    }

    [Theory]
    [InlineData("-o", "foo")]
    [InlineData("-o", "json-x")]
    [InlineData("-z")]
    [InlineData("--zork")]
    [InlineData("-o")]
    [InlineData("-g", "--merge")]
    public void A_wrong_command_line_is_told_and_ends_with_1(params string[] words)
    {
        var (status, output, error) = Json.Run("{}", words);
        Assert.Equal((1, ""), (status, output));
        Assert.StartsWith("json: error: ", error);
    }

    [Fact]
    public void Version_and_help()
    {
        Assert.StartsWith("json 11.", Json.Ok("", "--version"));
        Assert.Equal("11.0.0\n", Json.Ok(Json.Ok("", "--version", "-j"), "version"));
        Assert.Contains("LOOKUPS", Json.Ok("", "-h"));
        Assert.Equal(Json.Ok("", "-h"), Json.Ok("", "--help"));
    }

    [Fact]
    public void Bytes_that_are_no_text_come_out_as_replacements() =>
        Assert.Equal("{\"a\":\"\ufffd\"}\n", Json.Run(new MemoryStream([.. "{\"a\":\""u8, 0xff, .. "\"}"u8]), [], "-0").Output);

    [Fact]
    public void A_byte_order_mark_is_no_part_of_the_input() =>
        Assert.Equal("1\n", Json.Run(new MemoryStream([0xef, 0xbb, 0xbf, .. "{\"a\":1}"u8]), [], "a").Output);

    [Fact]
    public void What_is_large_takes_its_time_but_no_more()
    {
        var text = new StringBuilder("[");
        for (int i = 0; i < 200_000; i++)
        {
            text.Append(i > 0 ? "," : "").Append(CultureInfo.InvariantCulture, $"{{\"uuid\":\"{i}\",\"nics\":[{{\"ip\":\"10.0.0.{i % 250}\"}}],\"s\":\"a\\nb\"}}");
        }
        long start = Environment.TickCount64;
        string printed = Json.Ok(text.Append(']').ToString(), "-a", "uuid", "nics.0.ip");
        Assert.Equal(200_000, printed.Count(c => c == '\n'));
        Assert.True(Environment.TickCount64 - start < 30_000, "16 MB take seconds, not minutes");
    }
}
