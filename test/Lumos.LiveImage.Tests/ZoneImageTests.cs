using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.LiveImage.ZoneImages;
using Xunit;

namespace Lumos.LiveImage.Tests;

public class ImageRecipeTests
{
    private static ImageRecipe Recipe => new("/images/base", "base", "1.0.0", new JsonObject
    {
        ["name"] = "base", ["version"] = "1.0.0", ["type"] = "zone-dataset", ["os"] = "smartos", ["requirements"] = new JsonObject { ["brand"] = "joyent" },
    }, ImageContent.Native, "trixie");

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

    [Fact]
    public void How_an_image_is_built_is_no_part_of_its_manifest()
    {
        string folder = Directory.CreateTempSubdirectory("lumos-recipe-").FullName;
        try
        {
            ImageRecipe Load(string json)
            {
                File.WriteAllText(Path.Combine(folder, "image.json"), json);
                return ImageRecipe.Load(Path.Combine(folder, "image.json"));
            }
            var disk = Load("""{"name":"d","version":"1","type":"zvol","image_size":40,"build":{"content":"debian","suite":"bookworm"}}""");
            Assert.Equal((ImageContent.Debian, "bookworm", true, 40), (disk.Content, disk.Suite, disk.IsVolume, disk.Megabytes));
            Assert.False(disk.Manifest(Guid.NewGuid(), DateTimeOffset.UnixEpoch, 1, "").ContainsKey("build"));
            Assert.Equal("BadRecipe", Assert.Throws<LumosException>(() => Load("""{"name":"d","version":"1","build":{"content":"nonsense"}}""")).Code);
            Assert.Contains("build.content", Assert.Throws<LumosException>(() => Load("""{"name":"d","version":"1"}""")).Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Every_recipe_of_the_project_is_whole()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Lumos.slnx")))
        {
            root = Path.GetDirectoryName(root)!;
        }
        var recipes = ImageRecipe.All(root);
        Assert.Equal(["debian-12", "debian-13", "debian-13-cloud", "lumos-base", "tiny"], recipes.Select(r => r.Name).Order(StringComparer.Ordinal));
        Assert.Subset(recipes.Select(r => r.Name).ToHashSet(), ZoneImageBuilder.WithThePlatform.ToHashSet());
        Assert.All(recipes, r => Assert.Equal(r.Name, Path.GetFileName(r.Folder)));
        Assert.All(recipes.Where(r => r.Content == ImageContent.Debian), r => Assert.True(File.Exists(r.Lock), r.Lock));
        Assert.All(recipes.Where(r => r.IsVolume), r => Assert.True(r.Megabytes > 0 && r.Json["nic_driver"] is not null && r.Json["disk_driver"] is not null));
    }
}
