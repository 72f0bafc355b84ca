using Xunit;

namespace Lumos.JsonTool.Tests;

public class LookupTests
{
    private const string Vm = """{"alias":"web","ram":256,"nics":[{"mac":"b2:1e","ips":["10.0.0.1/24"]},{"mac":"b2:1f"}],"tags":{"a.b":true,"":1},"none":null,"empty":""}""";

    [Theory]
    [InlineData("web\n", "alias")]
    [InlineData("256\n", "ram")]
    [InlineData("b2:1e\n", "nics.0.mac")]
    [InlineData("b2:1f\n", "nics.-1.mac")]
    [InlineData("b2:1f\n", "nics[1].mac")]
    [InlineData("10.0.0.1/24\n", "nics[0].ips[-1]")]
    [InlineData("2\n", "nics.length")]
    [InlineData("true\n", "tags[\"a.b\"]")]
    [InlineData("true\n", "tags['a.b']")]
    [InlineData("true\n", "[\"tags\"][`a.b`]")]
    [InlineData("null\n", "none")]
    [InlineData("", "none.of.it")]
    [InlineData("", "nothing")]
    [InlineData("", "nics.7")]
    [InlineData("", "toString")]
    [InlineData("", "empty")]
    [InlineData("w\n", "alias.0")]
    public void A_path_finds_what_it_names(string expected, string lookup) => Assert.Equal(expected, Json.Ok(Vm, lookup));

    [Fact]
    public void Several_are_printed_in_their_order_and_what_is_not_there_is_left_out() =>
        Assert.Equal("256\nweb\n", Json.Ok(Vm, "ram", "nothing", "alias"));

    [Fact]
    public void Another_delimiter_leaves_dots_alone()
    {
        Assert.Equal("true\n", Json.Ok(Vm, "-D/", "tags/a.b"));
        Assert.Equal("true\n", Json.Ok(Vm, "-D", ",", "tags,a.b"));
        Assert.Contains("single char", Json.Run(Vm, "-D", "::", "a").Error);
    }

    [Fact]
    public void Negative_places_follow_two_dashes()
    {
        Assert.Equal("c\n", Json.Ok("""["a","b","c"]""", "--", "-1"));
        Assert.Equal("b\n", Json.Ok("""["a","b","c"]""", "1"));
    }

    [Theory]
    [InlineData("a[b]")]
    [InlineData("[x + 1]")]
    [InlineData("a['b")]
    public void Code_in_brackets_is_refused(string lookup)
    {
        var (status, output, error) = Json.Run(Vm, lookup);
        Assert.Equal((1, ""), (status, output));
        Assert.StartsWith("json: error: invalid bracketed lookup string:", error);
    }

    [Fact]
    public void Json_output_shows_one_value_alone_and_several_by_their_lookups()
    {
        Assert.Equal("\"web\"\n", Json.Ok(Vm, "-j", "alias"));
        Assert.Equal("\"\"\n", Json.Ok(Vm, "-j", "empty"));
        Assert.Equal("", Json.Ok(Vm, "-j", "nothing"));
        Assert.Equal("""{"nics.0.mac":"b2:1e","ram":256}""" + "\n", Json.Ok(Vm, "-j0", "nics.0.mac", "nothing", "ram"));
        Assert.Equal("""["a","b"]""" + "\n", Json.Ok("""["a","b","c"]""", "-o", "json-0", "0", "1"));
        Assert.Equal("""{"0":"a","length":3}""" + "\n", Json.Ok("""["a","b","c"]""", "-j0", "0", "length"));
    }

    [Fact]
    public void A_table_has_a_line_for_each_element_and_a_column_for_each_lookup()
    {
        const string people = """[{"name":"trent","age":38},{"name":"ewan"},{"age":null,"name":""}]""";
        Assert.Equal("trent 38\newan \n null\n", Json.Ok(people, "-a", "name", "age"));
        Assert.Equal("trent\newan\n\n", Json.Ok(people, "-a", "name"));
        Assert.Equal("trent,38\newan,\n,null\n", Json.Ok(people, "-ad,", "name", "age"));
        Assert.Equal("trent\t38\newan\t\n\tnull\n", Json.Ok(people, "-a", "-d", "\\t", "name", "age"));
        Assert.Equal("trent\t38\newan\t\n\tnull\n", Json.Ok(people, "-a", "-d", "\t", "name", "age"));
        Assert.Equal("""[{"name":"trent","age":38},{"name":"ewan"},{"name":"","age":null}]""" + "\n", Json.Ok(people, "-aj0", "name", "age"));
        Assert.Equal("web 256\n", Json.Ok(Vm, "-a", "alias", "ram"));
        Assert.Equal("\n", Json.Ok("{}", "-a", "x"));
        Assert.Equal("", Json.Ok("[]", "-a", "x"));
        Assert.Contains("escapes are those of JSON", Json.Run(people, "-a", "-d", "\\0", "name", "age").Error);
    }

    [Fact]
    public void A_table_without_lookups_has_the_elements_themselves()
    {
        Assert.Equal("1\na\nnull\n{\"x\":1}\n", Json.Ok("""[1,"a",null,"",{"x":1}]""", "-a0"));
        Assert.Equal("1\n", Json.Ok("1", "-a"));
    }

    [Fact]
    public void Keys_and_items()
    {
        Assert.Equal("""["name","age"]""" + "\n", Json.Ok("""{"name":"trent","age":38}""", "-k", "-0"));
        Assert.Equal("name\nage\n", Json.Ok("""{"name":"trent","age":38}""", "-ka"));
        Assert.Equal("trent 38\newan 4\n", Json.Ok("""{"trent":{"age":38},"ewan":{"age":4}}""", "-Ma", "key", "value.age"));
        Assert.Equal("[1,2]\n", Json.Ok("[1,2]", "-M0"));
        Assert.Equal((1, ""), (Json.Run(Vm, "-k", "alias").Status, Json.Run(Vm, "-k", "alias").Output));
    }
}
