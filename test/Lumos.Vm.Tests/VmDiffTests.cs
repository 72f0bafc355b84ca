using System.Text.Json.Nodes;
using Lumos.Vm.Info;
using Xunit;

namespace Lumos.Vm.Tests;

public class VmDiffTests
{
    [Theory]
    [InlineData("""{"a":1}""", """{"a":1}""", "")]
    [InlineData("""{"foo":true,"num":1}""", """{"bar":true,"num":2}""", "foo removed true -> ; num changed 1 -> 2; bar added  -> true")]
    [InlineData("""{"tags":{"a":1,"x.y":2}}""", """{"tags":{"a":2,"x.y":3}}""", "tags.a changed 1 -> 2; tags[x.y] changed 2 -> 3")]
    [InlineData("""{"tags":{"a":{"b":[1]}}}""", """{"tags":{"a":{"b":[1,2]}}}""", "tags.a.b.* added  -> 2")]
    [InlineData("""{"resolvers":["a","b"]}""", """{"resolvers":["b","c"]}""", "resolvers.* removed \"a\" -> ; resolvers.* added  -> \"c\"")]
    [InlineData("""{"resolvers":["a","b"]}""", """{"resolvers":["b","a"]}""", "")]
    [InlineData("""{"nics":[{"mac":"m1","ip":"1"}]}""", """{"nics":[{"mac":"m1","ip":"2"},{"mac":"m2"}]}""",
        "nics.*.ip changed \"1\" -> \"2\" (m1); nics.* added  -> {\"mac\":\"m2\"}")]
    [InlineData("""{"nics":[{"mac":"m1","ips":["1"]}]}""", """{"nics":[{"mac":"m1","ips":["1","2"]}]}""", "nics.*.ips.* added  -> \"2\" (m1)")]
    [InlineData("""{"disks":[{"path":"p","size":1}]}""", """{"disks":[{"path":"q","size":1}]}""",
        "disks.* removed {\"path\":\"p\",\"size\":1} -> ; disks.* added  -> {\"path\":\"q\",\"size\":1}")]
    [InlineData("""{"a":null}""", """{"a":{"b":1}}""", "a changed null -> {\"b\":1}")]
    public void Differences_are_those_of_vminfod(string before, string after, string expected)
    {
        var changes = VmDiff.Between(JsonNode.Parse(before)!.AsObject(), JsonNode.Parse(after)!.AsObject());
        Assert.Equal(expected, string.Join("; ", changes.Select(change => change.ToJson()).Select(c =>
            $"{c["prettyPath"]} {c["action"]} {Text(c, "oldValue")} -> {Text(c, "newValue")}" + (c["ident"] is { } ident ? $" ({ident})" : ""))));
    }

    [Fact]
    public void An_element_of_an_array_is_null_in_the_path()
    {
        var change = Assert.Single(VmDiff.Between(JsonNode.Parse("""{"l":[1]}""")!.AsObject(), JsonNode.Parse("""{"l":[]}""")!.AsObject()));
        Assert.Equal("""{"prettyPath":"l.*","path":["l",null],"action":"removed","oldValue":1}""", change.ToJson().ToJsonString());
    }

    private static string Text(JsonObject change, string name) => change.TryGetPropertyValue(name, out var value) ? value?.ToJsonString() ?? "null" : "";
}
