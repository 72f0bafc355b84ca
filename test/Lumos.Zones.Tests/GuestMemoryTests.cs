using System.Text.Json.Nodes;
using Lumos.Zones.Machines;
using Xunit;

namespace Lumos.Zones.Tests;

/// <summary>What a guest tells of its memory, true or not.</summary>
public sealed class GuestMemoryTests
{
    [Theory]
    [InlineData("""{"stats": {"stat-total-memory": 900, "stat-free-memory": 500, "stat-swap-out": 70000, "stat-htlb-pgalloc": 1}, "last-update": 1764547200}""",
        """{"actual":1000,"guest":{"total":900,"free":500,"swapped_out":70000},"told":"2025-12-01T00:00:00.000Z"}""")]
    [InlineData("""{"stats": {"stat-total-memory": 1001, "stat-free-memory": 18446744073709551615, "stat-available-memory": -1, "stat-disk-caches": "x"}, "last-update": 1764547200}""",
        """{"actual":1000,"guest":{},"told":"2025-12-01T00:00:00.000Z"}""")]
    [InlineData("""{"stats": {"stat-total-memory": 1}, "last-update": 0}""", """{"actual":1000,"guest":null,"told":null}""")]
    [InlineData("""{"stats": 1, "last-update": 9223372036854775807}""", """{"actual":1000,"guest":null,"told":null}""")]
    [InlineData("null", """{"actual":1000,"guest":null,"told":null}""")]
    public void Only_what_can_be_is_shown(string answer, string shown) =>
        Assert.Equal(shown, GuestMemory.Shown(JsonNode.Parse(answer), 1000).ToJsonString());

    [Fact]
    public void It_is_asked_while_somebody_wants_to_know_and_no_longer()
    {
        var asked = new List<string>();
        int looks = 0;
        var shown = GuestMemory.Ask((command, arguments) =>
        {
            asked.Add(command == "qom-set" ? $"poll {arguments!["value"]}" : command);
            return command switch
            {
                "query-balloon" => JsonNode.Parse("""{"actual": 1000}"""),
                "qom-get" => JsonNode.Parse(looks++ < 2 ? """{"stats": {}, "last-update": 0}""" : """{"stats": {"stat-free-memory": 5}, "last-update": 1764547200}"""),
                _ => null,
            };
        });
        Assert.Equal(5, (long)shown["guest"]!["free"]!);
        Assert.Equal(["query-balloon", "qom-get", "poll 1", "qom-get", "qom-get", "poll 0"], asked);
    }
}
