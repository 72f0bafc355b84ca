using Lumos.LiveImage.Archive;
using Lumos.LiveImage.Platform;
using Xunit;

namespace Lumos.LiveImage.Tests;

public class PlatformTests
{
    [Fact]
    public void Only_roots_hash_changes_in_the_shadow_file()
    {
        string shadow = "root:*:20000:0:99999:7:::\nrooty:*:20000:0:99999:7:::\nsshd:!:20000::::::\n";
        Assert.Equal("root:$6$x::0:99999:7:::\nrooty:*:20000:0:99999:7:::\nsshd:!:20000::::::\n", LumosLayerStage.WithRootHash(shadow, "$6$x"));
    }

    [Fact]
    public void A_program_is_made_of_the_projects_it_refers_to()
    {
        string src = Directory.CreateTempSubdirectory("lumos-test").FullName;
        try
        {
            void Project(string name, params string[] references)
            {
                Directory.CreateDirectory(Path.Combine(src, name));
                string items = string.Concat(references.Select(r => $"<ProjectReference Include=\"../{r}/{r}.csproj\" />"));
                File.WriteAllText(Path.Combine(src, name, name + ".csproj"), $"<Project><ItemGroup>{items}</ItemGroup></Project>");
            }
            Project("core");
            Project("linux", "core");
            Project("init", "linux");
            Project("vm", "linux", "core");
            Assert.Equal(["core", "init", "linux"], BinariesStage.ProjectsOf(src, "init").Order());
        }
        finally
        {
            Directory.Delete(src, recursive: true);
        }
    }

    [Fact]
    public void Over_budget_is_told_by_name()
    {
        var image = new PlatformImage
        {
            Stamp = "s", Directory = "d", Kernel = "k", BootArchive = "b", Iso = "i", RootPasswordFile = "p",
            KernelSize = 10 << 20, BootArchiveSize = 100 << 20, BinarySize = 21 << 20,
        };
        Assert.Equal(["multi-call binary 21.0 of 20.0 MB"], Budgets.Exceeded(image));
        Assert.Equal("kernel + boot archive 110.0 of 250.0 MB", Budgets.Lines(image)[0]);
    }

    [Fact]
    public void A_program_names_its_loader_and_libraries()
    {
        var shell = ElfFile.TryRead("/bin/sh");
        Assert.NotNull(shell);
        Assert.Contains("ld-linux", shell.Interpreter);
        Assert.Contains("libc.so.6", shell.Needed);
        Assert.Null(ElfFile.TryRead("/etc/passwd"));
    }
}
