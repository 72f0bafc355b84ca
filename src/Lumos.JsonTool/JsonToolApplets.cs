using Lumos.Cli;

namespace Lumos.JsonTool;

public static class JsonToolApplets
{
    public static IEnumerable<Applet> All() => [new("json", "look into JSON, change it, print it", JsonApplet.Run)];
}
