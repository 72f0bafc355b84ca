using System.Text.Json.Nodes;
using Lumos.LiveImage.ZoneImages;
using Xunit;

namespace Lumos.LiveImage.Tests;

public class ImageRecipeTests
{
    private static ImageRecipe Recipe => new("base", "1.0.0", new JsonObject
    {
        ["name"] = "base", ["version"] = "1.0.0", ["type"] = "zone-dataset", ["os"] = "smartos", ["requirements"] = new JsonObject { ["brand"] = "joyent" },
    });

    [Fact]
    public void The_same_content_has_the_same_version_5_uuid()
    {
        string uuid = Recipe.UuidOf("content").ToString();
        Assert.Equal(uuid, Recipe.UuidOf("content").ToString());
        Assert.NotEqual(uuid, Recipe.UuidOf("other").ToString());
        Assert.NotEqual(uuid, (Recipe with { Version = "2.0.0" }).UuidOf("content").ToString());
        Assert.Equal('5', uuid[14]);
        Assert.Contains(uuid[19], "89ab");
    }

    [Fact]
    public void The_manifest_holds_the_recipe_and_the_file()
    {
        var uuid = Guid.NewGuid();
        var manifest = Recipe.Manifest(uuid, DateTimeOffset.UnixEpoch, 1234, new string('a', 40));
        Assert.Equal(2, (int)manifest["v"]!);
        Assert.Equal(uuid.ToString(), (string)manifest["uuid"]!);
        Assert.Equal("zone-dataset", (string)manifest["type"]!);
        Assert.Equal("joyent", (string)manifest["requirements"]!["brand"]!);
        Assert.Equal("1970-01-01T00:00:00.000Z", (string)manifest["published_at"]!);
        Assert.Equal(1234, (long)manifest["files"]![0]!["size"]!);
        Assert.Equal("gzip", (string)manifest["files"]![0]!["compression"]!);
    }
}
