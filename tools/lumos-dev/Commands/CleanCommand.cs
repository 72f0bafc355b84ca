using System.CommandLine;
using Lumos.Machine;

namespace Lumos.Dev.Commands;

/// <summary><c>./lumos clean</c>: removes what was made.</summary>
internal static class CleanCommand
{
    public static Command Create(Checkout checkout)
    {
        var cache = new Option<bool>("--cache") { Description = "Also remove the build cache, which all clones of this user share" };
        var command = new Command("clean", "Stop the machine and remove everything under out/ except lumos-dev itself") { cache };
        command.SetAction(parsed =>
        {
            DownCommand.Run(checkout);
            new MachineFolder(checkout.Machine).Delete();
            foreach (string entry in Directory.EnumerateFileSystemEntries(checkout.Out).Where(e => Path.GetFileName(e) != "tools"))
            {
                Remove(entry);
            }
            if (parsed.GetValue(cache))
            {
                Remove(LiveImage.BuildOptions.DefaultCacheDirectory());
            }
            return 0;
        });
        return command;
    }

    private static void Remove(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
        else
        {
            File.Delete(path);
        }
    }
}
